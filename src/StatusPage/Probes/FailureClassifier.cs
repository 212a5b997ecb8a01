using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;

namespace Podflare.Probes;

internal static class FailureClassifier
{
    /// <summary>The cause as a sample holds it; null for an exception that is no answer of the platform.</summary>
    public static string? Cause(Exception exception) => exception switch
    {
        ProbeException e => e.Cause,
        OperationCanceledException => "timeout",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "dns",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "tls",
        HttpRequestException or SocketException or IOException => "connect",
        JsonException or InvalidOperationException or NotSupportedException => "wrong_output",
        _ => null,
    };

    /// <summary>Nothing got through at all, so everything behind the API is away too.</summary>
    public static bool IsConnection(string cause) => cause is "dns" or "tls" or "connect" or "timeout";
}
