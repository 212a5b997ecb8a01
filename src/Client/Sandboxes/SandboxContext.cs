namespace Podflare;

/// <summary>What every call about one sandbox needs.</summary>
/// <param name="Server">The address that the server named for it; null for the client's own.</param>
/// <param name="TraceParent">The context that goes before the client's.</param>
internal sealed record SandboxContext(Transport Transport, string Id, Uri? Server, TraceParent? TraceParent)
{
    /// <param name="path">What follows the sandbox's own address; empty for the sandbox itself.</param>
    public ApiCall Call(HttpMethod method, string path = "") =>
        new(method, $"v1/sandboxes/{Uri.EscapeDataString(Id)}{(path.Length == 0 || path[0] == '?' ? "" : "/")}{path}") { Server = Server, TraceParent = TraceParent };
}
