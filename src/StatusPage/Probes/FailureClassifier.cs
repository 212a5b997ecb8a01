using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;

namespace Podflare.Probes;

internal static class FailureClassifier
{
    /// <summary>Returns the cause that is stored with a sample, or null if the exception does not come from the platform or the network.</summary>
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

    /// <summary>No request reaches the platform, so everything behind the API is unavailable too.</summary>
    public static bool IsConnection(string cause) => cause is "dns" or "tls" or "connect" or "timeout";
}
