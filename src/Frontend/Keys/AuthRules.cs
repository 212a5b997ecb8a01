using Podflare.Hosting;

namespace Podflare.Keys;

/// <summary>How callers are known.</summary>
internal enum AuthMode
{
    /// <summary>By key.</summary>
    Keys,

    /// <summary>Not at all; only this machine can call.</summary>
    Development,

    /// <summary>Not at all, by explicit wish.</summary>
    Disabled,
}

/// <summary>Whether the process may start without keys.</summary>
internal static class AuthRules
{
    public const string DisabledVariable = "PODFLARE_AUTH_DISABLED";

    public static AuthMode Decide(KeyRing keys, ListenAddress listen, string? disabled)
    {
        if (!keys.IsEmpty) return AuthMode.Keys;
        if (listen.IsLoopback) return AuthMode.Development;
        if (disabled?.Trim() == "1") return AuthMode.Disabled;
        throw new StartUpException(
            $"{KeyRing.Variable} is empty and {listen} is not a loopback address, so anybody could run code here. "
            + $"Set {KeyRing.Variable}, listen on {ListenAddress.Default}, or set {DisabledVariable}=1 to run without authentication.");
    }
}
