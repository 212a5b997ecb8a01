using System.Net.Http.Headers;

namespace Podflare;

/// <summary>What every call about one sandbox needs.</summary>
/// <param name="Server">The address that the server named for the sandbox; null for the client's own.</param>
/// <param name="TraceParent">A context that takes precedence over the client's.</param>
internal sealed record SandboxScope(Transport Transport, string Id, Uri? Server, TraceParent? TraceParent)
{
    /// <param name="path">The path below the sandbox's own; empty for the sandbox itself.</param>
    public ApiCall Call(HttpMethod method, string path = "") =>
        new(method, $"v1/sandboxes/{Uri.EscapeDataString(Id)}{(path.Length == 0 || path[0] == '?' ? "" : "/")}{path}") { Server = Server, TraceParent = TraceParent };

    public static ByteArrayContent Json(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    /// <summary>A derived class in a test did not override what was called.</summary>
    public static NotSupportedException Missing(string member) => new($"{member} needs a server. Override it in the derived class.");
}
