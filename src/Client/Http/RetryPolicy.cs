using System.Net;

namespace Podflare;

/// <summary>Which failures justify sending the same request again. Every request is safe to repeat: creates and execs carry an idempotency key.</summary>
internal static class RetryPolicy
{
    public static bool IsRetryable(PodflareException e) => e switch
    {
        PodflareConnectionException => true,
        // A sandbox or context has to be deleted first.
        SandboxQuotaExceededException or ContextQuotaExceededException => false,
        // Its writer waits for as long as the run does not read.
        StdinFullException => false,
        ThrottledException or UnavailableException => true,
        // Sent by a proxy whose server is away; the API itself does not use these.
        PodflareApiException { Status: HttpStatusCode.RequestTimeout or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout } => true,
        _ => false,
    };

    /// <summary>Whether the failed attempt may have taken effect on the server.</summary>
    public static bool MayHaveStarted(PodflareException e) => e switch
    {
        PodflareConnectionException x => x.MayHaveArrived,
        PodflareApiException { Status: HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.InternalServerError } => true,
        PodflareProtocolException => true,
        _ => false,
    };
}
