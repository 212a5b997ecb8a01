using System.Net;

namespace Podflare;

/// <summary>Which failures may be answered by sending the same request again. All requests are safe to repeat: creates and execs carry a key.</summary>
internal static class Repeatable
{
    public static bool IsWorthwhile(PodflareException e) => e switch
    {
        PodflareConnectionException => true,
        // Somebody has to delete a sandbox first.
        SandboxQuotaExceededException => false,
        ThrottledException or UnavailableException => true,
        // Of a proxy whose server is away; the API itself does not answer so.
        PodflareApiException { Status: HttpStatusCode.RequestTimeout or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout } => true,
        _ => false,
    };

    /// <summary>Whether the work of a failed attempt may have been started all the same.</summary>
    public static bool MayHaveStarted(PodflareException e) => e switch
    {
        PodflareConnectionException x => x.MayHaveArrived,
        PodflareApiException { Status: HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.InternalServerError } => true,
        PodflareProtocolException => true,
        _ => false,
    };
}
