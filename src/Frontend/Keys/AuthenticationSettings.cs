using Podflare.Hosting;
using Podflare.Http;
using Podflare.Processes;

namespace Podflare.Keys;

/// <summary>How the server authenticates callers.</summary>
internal enum AuthMode
{
    /// <summary>Every caller needs an API key.</summary>
    Keys,

    /// <summary>No keys, and only this machine can connect.</summary>
    Development,

    /// <summary>No keys, because authentication was switched off explicitly.</summary>
    Disabled,
}

/// <summary>The valid API keys and how callers are authenticated, read once at the start.</summary>
internal sealed record AuthenticationSettings(ApiKeyRing Keys, AuthMode Mode)
{
    public const string DisabledVariable = "PODFLARE_AUTH_DISABLED";

    /// <exception cref="StartUpException">The keys are not valid, or anyone on the network could run code.</exception>
    public static AuthenticationSettings Read(IConfiguration configuration, ListenAddress listen)
    {
        var keys = ApiKeyRing.Parse(configuration[ApiKeyRing.Variable]);
        return new AuthenticationSettings(keys, Decide(keys, listen, configuration[DisabledVariable]));
    }

    public static AuthMode Decide(ApiKeyRing keys, ListenAddress listen, string? disabled)
    {
        if (!keys.IsEmpty) return AuthMode.Keys;
        if (listen.IsLoopback) return AuthMode.Development;
        if (disabled?.Trim() == "1") return AuthMode.Disabled;
        throw new StartUpException(
            $"{ApiKeyRing.Variable} is empty and {listen} is not a loopback address, so anyone on the network could run code on this machine. "
            + $"Set {ApiKeyRing.Variable}, set {ListenAddress.Variable} to {ListenAddress.Default}, or set {DisabledVariable}=1 to run without authentication.");
    }
}
