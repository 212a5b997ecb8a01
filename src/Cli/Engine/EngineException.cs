using System.Net;

namespace Podflare.Cli.Engine;

/// <summary>The engine refused a request; it says why.</summary>
internal sealed class EngineException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}
