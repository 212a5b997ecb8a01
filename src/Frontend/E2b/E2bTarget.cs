using Podflare.Sandboxes;

namespace Podflare.E2b;

/// <summary>Feature of a request of the dialect: what it is about, whichever way it was addressed.</summary>
/// <param name="Sandbox">The sandbox whose port is addressed; null for the control plane, and for what is not the id of a sandbox.</param>
/// <param name="Port">The port in the sandbox; 0 for the control plane.</param>
/// <param name="ShownId">The id as the client wrote it.</param>
internal sealed record E2bTarget(SandboxId? Sandbox, int Port, string ShownId)
{
    /// <summary>The port of the service for files and processes.</summary>
    public const int EnvdPort = 49983;

    /// <summary>The port of the code interpreter.</summary>
    public const int InterpreterPort = 49999;

    /// <summary>Where the routes of the dialect are, inside this process alone.</summary>
    public const string Prefix = "/_e2b";

    public const string ControlPrefix = $"{Prefix}/control";

    public static readonly E2bTarget Control = new(null, 0, "");

    public bool IsControl => Port == 0;

    /// <summary>Where the route of a request is that the client addressed to this target.</summary>
    public PathString RouteOf(PathString path) => IsControl ? new PathString(ControlPrefix) + path : new PathString($"{Prefix}/{Port}/{Sandbox?.Value ?? "none"}") + path;
}
