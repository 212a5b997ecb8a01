using Podflare.Http;
using Podflare.Processes;

namespace Podflare.Keys;

/// <summary>How the server authenticates callers.</summary>
internal enum AuthMode
{
    /// <summary>Every caller needs an API key, or a token of the identity provider.</summary>
    Keys,

    /// <summary>No keys, and only this machine can connect. It becomes <see cref="Keys"/> when the store turns out to have tenants.</summary>
    Development,

    /// <summary>No keys, because authentication was switched off explicitly.</summary>
    Disabled,
}

/// <summary>The API keys of the environment and how callers are authenticated, read once at the start.</summary>
internal sealed record AuthenticationSettings(EnvironmentKeys Keys, AuthMode Mode)
{
    public const string DisabledVariable = "PODFLARE_AUTH_DISABLED";

    /// <summary>With the value <c>keys</c> the server starts although the environment has no key: the store has them.</summary>
    public const string AuthVariable = "PODFLARE_AUTH";

    private const string OidcAuthority = "Podflare:Oidc:Authority";

    /// <exception cref="StartUpException">The keys are not valid or too short, or anyone on the network could run code.</exception>
    public static AuthenticationSettings Read(IConfiguration configuration, ListenAddress listen)
    {
        var keys = EnvironmentKeys.Parse(configuration[EnvironmentKeys.Variable], configuration[EnvironmentKeys.AdminVariable]);
        var hasOthers = configuration[AuthVariable]?.Trim() switch
        {
            null or "" => !string.IsNullOrWhiteSpace(configuration[OidcAuthority]),
            "keys" => true,
            _ => throw new StartUpException($"{AuthVariable} must be 'keys' or not set."),
        };
        return new AuthenticationSettings(keys, Decide(keys, listen, configuration[DisabledVariable], hasOthers));
    }

    /// <param name="hasOthers">Callers have keys of the store, or tokens of an identity provider.</param>
    public static AuthMode Decide(EnvironmentKeys keys, ListenAddress listen, string? disabled, bool hasOthers = false)
    {
        if (!listen.IsLoopback && keys.All.Any(key => key.Length < EnvironmentKeys.MinPublicLength))
        {
            throw new StartUpException(
                $"{EnvironmentKeys.Variable} has a key of fewer than {EnvironmentKeys.MinPublicLength} characters, and {listen} is not a loopback address, so anyone on the network could guess it.");
        }

        if (keys.All.Count > 0 || hasOthers) return AuthMode.Keys;
        if (listen.IsLoopback) return AuthMode.Development;
        if (disabled?.Trim() == "1") return AuthMode.Disabled;
        throw new StartUpException(
            $"{EnvironmentKeys.Variable} is empty and {listen} is not a loopback address, so anyone on the network could run code on this machine. "
            + $"Set {EnvironmentKeys.Variable}, set {ListenAddress.Variable} to {ListenAddress.Default}, or set {DisabledVariable}=1 to run without authentication.");
    }
}
