namespace Podflare.EgressProxy.Settings;

/// <summary>What the worker writes to the proxy's standard input: one line of JSON. The proxy ends when that input ends.</summary>
/// <param name="Listen">Address and port for the sandboxes.</param>
/// <param name="ControlSocket">Path of the unix socket for the worker. It belongs to the user who starts the proxy, with mode 0600.</param>
/// <param name="User">User and group id that the process changes to once it listens; null keeps the one it has.</param>
/// <param name="Refused">Ranges that are refused in addition to all that are not public.</param>
public sealed record ProxySettings(string Listen, string ControlSocket, uint? User, IReadOnlyList<string> Refused, ProxyOptions Options)
{
    /// <summary>What the proxy writes to its standard output once it listens without privileges.</summary>
    public const string Ready = "ready";
}
