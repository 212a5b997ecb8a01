using Podflare.Contexts;
using Podflare.Files;
using Podflare.Keys;
using Podflare.Limits;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Tenants;
using Podflare.Webhooks;

namespace Podflare.Problems;

/// <summary>Maps exceptions and bare status codes to problems. Nothing else decides which answer an exception gets.</summary>
internal static class ExceptionMapper
{
    private const int RetryAfterSeconds = 1;

    // A tenant that is at its limit of sandboxes gets room when one of them ends, not by itself.
    private const int SandboxRetryAfterSeconds = 5;

    public static Problem ToProblem(Exception e) => e switch
    {
        ProblemException x => x.Problem,
        InvalidRequestException x => ProblemException.Invalid(x.Field, x.Problem).Problem,
        SandboxNotFoundException x => new Problem(404, "sandbox_not_found", x.Message),
        RunNotFoundException x => new Problem(404, "run_not_found", x.Message),
        TemplateNotFoundException x => new Problem(404, "template_not_found", x.Message),
        SandboxEndedException x => new Problem(410, "sandbox_ended", x.Message) { EndedReason = x.Reason.ToString().ToLowerInvariant() },
        SandboxLostException x => new Problem(410, "sandbox_lost", x.Message),
        EventsEvictedException x => new Problem(410, "events_evicted", x.Message) { OldestSeq = x.OldestSeq },
        IdempotencyKeyReusedException x => new Problem(422, "idempotency_key_reused", x.Message),
        RunQueueFullException x => new Problem(429, "run_queue_full", x.Message) { RetryAfter = RetryAfterSeconds },
        StdinClosedException x => new Problem(409, "stdin_closed", x.Message),
        StdinOffsetException x => new Problem(409, "stdin_offset", x.Message) { Offset = x.Offset },
        StdinFullException x => new Problem(429, "stdin_full", x.Message) { Offset = x.Offset, RetryAfter = RetryAfterSeconds },
        RunEndedException x => new Problem(409, "run_ended", x.Message),
        ToolCallNotFoundException x => new Problem(404, "tool_call_not_found", x.Message),
        ToolCallClosedException x => new Problem(409, "tool_call_closed", x.Message),
        NotATerminalException x => new Problem(409, "not_a_terminal", x.Message),
        WatchPathNotFoundException x => new Problem(404, "file_not_found", x.Message),
        WatchTooLargeException x => new Problem(429, "run_queue_full", x.Message) { RetryAfter = RetryAfterSeconds },
        ContextNotFoundException x => new Problem(404, "context_not_found", x.Message),
        ContextExistsException x => new Problem(409, "context_exists", x.Message),
        ContextRequiredException x => new Problem(409, "context_required", x.Message),
        ContextQuotaExceededException x => new Problem(429, "context_quota_exceeded", x.Message) { RetryAfter = RetryAfterSeconds },
        ApiKeyNotFoundException x => new Problem(404, "key_not_found", x.Message),
        KeyQuotaExceededException x => new Problem(429, "key_quota_exceeded", x.Message) { RetryAfter = RetryAfterSeconds },
        WebhookNotFoundException x => new Problem(404, "webhook_not_found", x.Message),
        DeliveryNotFoundException x => new Problem(404, "delivery_not_found", x.Message),
        WebhookDisabledException x => new Problem(409, "webhook_disabled", x.Message),
        WebhookAddressException x => new Problem(422, "address_refused", x.Message),
        WebhookQuotaExceededException x => new Problem(429, "webhook_quota_exceeded", x.Message) { RetryAfter = RetryAfterSeconds },
        SecretKeyMissingException x => new Problem(501, "not_offered", x.Message),
        TenantNotFoundException x => new Problem(404, "tenant_not_found", x.Message),
        TenantChangedException x => new Problem(503, "storage_unavailable", x.Message) { RetryAfter = RetryAfterSeconds },
        TenantExistsException x => new Problem(409, "tenant_exists", x.Message),
        SandboxQuotaExceededException x => new Problem(429, "sandbox_quota_exceeded", x.Message)
        {
            RetryAfter = SandboxRetryAfterSeconds,
            ViolatedPolicies = [x.Quota is SandboxQuota.Memory ? "memory" : "sandboxes"],
        },
        RunQuotaExceededException x => new Problem(429, "run_quota_exceeded", x.Message) { RetryAfter = RetryAfterSeconds, ViolatedPolicies = ["running"] },
        OutputQuotaExceededException x => new Problem(429, "output_quota_exceeded", x.Message) { RetryAfter = RetryAfterSeconds, ViolatedPolicies = ["output"] },
        NotOfferedException x => new Problem(501, "not_offered", x.Message),
        PreconditionFailedException x => new Problem(412, "precondition_failed", x.Message),
        RangeNotSatisfiableException x => new Problem(416, "range_not_satisfiable", x.Message) { FileSize = x.Size },
        InvalidArchiveException x => new Problem(400, "invalid_archive", $"invalid archive: {x.Message}") { Written = x.Written },
        FileRefusedException x => OfFile(x, "the file"),
        TooManyTransfersException x => new Problem(429, "rate_limited", x.Message) { RetryAfter = RetryAfterSeconds },
        TooManyReadersException x => new Problem(429, "rate_limited", x.Message) { RetryAfter = RetryAfterSeconds },
        NoCapacityException x => new Problem(503, "no_capacity", x.Message) { RetryAfter = RetryAfterSeconds },
        ContainerStartException { Retry: true } x => new Problem(503, "no_capacity", x.Message) { RetryAfter = RetryAfterSeconds },
        ContainerStartException x => new Problem(500, "internal", x.Message),
        LeaseGoneException or SandboxTakenException => new Problem(503, "no_capacity", new NoCapacityException().Message) { RetryAfter = RetryAfterSeconds },
        ShuttingDownException x => new Problem(503, "shutting_down", x.Message) { RetryAfter = RetryAfterSeconds },
        LogBudgetExceededException { Scope: LogBudgetScope.Cluster } x => new Problem(503, "log_budget_exceeded", x.Message) { RetryAfter = RetryAfterSeconds },
        LogBudgetExceededException x => new Problem(429, "log_budget_exceeded", x.Message) { RetryAfter = RetryAfterSeconds },
        StorageRejectedException or RecordUnreadableException => new Problem(500, "internal", e.Message),
        StorageUnavailableException x => new Problem(503, "storage_unavailable", x.Message) { RetryAfter = RetryAfterSeconds },
        SandboxUnreachableException x => Unreachable(x.Message),
        FileTransferLostException x => Unreachable(x.Message),
        OperationCanceledException => Unreachable(new SandboxUnreachableException().Message),
        BadHttpRequestException x => OfBadRequest(x),
        // What Kestrel throws for the size of a chunk that no integer can hold.
        IOException { InnerException: OverflowException } => ForStatus(400) with { Error = "invalid HTTP request: bad chunk size data" },
        _ when Transient.IsLostCall(e) => Unreachable(new SandboxUnreachableException().Message),
        _ => new Problem(500, "internal", "internal error"),
    };

    /// <summary>The problem for a status code that the web server or the routing sets without a body.</summary>
    public static Problem ForStatus(int status) => status switch
    {
        404 => new Problem(404, "not_found", "this URL does not exist"),
        405 => new Problem(405, "method_not_allowed", "this URL does not support the request method"),
        408 => new Problem(408, "request_timeout", "the request took too long to arrive"),
        413 => new Problem(413, "code_too_large", "the request body is too large"),
        414 => new Problem(414, "uri_too_long", "the URL is too long"),
        415 => new Problem(415, "unsupported_media_type", "the request body must be application/json"),
        431 => new Problem(431, "headers_too_large", "the request headers are too large or too many"),
        505 => new Problem(505, "http_version_not_supported", "the HTTP version is not supported; use HTTP/1.1"),
        >= 500 => new Problem(status, "internal", "internal error"),
        _ => new Problem(status, "invalid_request", "invalid request"),
    };

    /// <summary>The problem for a request that the web server could not parse.</summary>
    public static Problem OfBadRequest(BadHttpRequestException e)
    {
        var problem = ForStatus(e.StatusCode);
        if (problem is not { Code: "invalid_request", Status: 400 }) return problem;
        // The web server's messages are "Invalid Host header: 'x'" and the like: what follows the colon is the caller's text. Those of
        // parameter binding name types of this program.
        return IsFromServer(e) ? problem with { Error = $"invalid HTTP request: {Describe(e.Message)}" } : problem;
    }

    /// <summary>The problem for a file operation that the sandbox refused.</summary>
    /// <param name="path">The path as it is shown to the caller.</param>
    public static Problem OfFile(FileRefusedException e, string path) => e.Refusal switch
    {
        FileRefusal.NotFound => new Problem(404, "file_not_found", $"file not found: {path}"),
        FileRefusal.NotADirectory => new Problem(409, "not_a_directory", $"{path} is not a directory, or a parent of it is not"),
        FileRefusal.AccessDenied => new Problem(403, "file_access_denied", $"the sandbox's user does not have permission to access {path}"),
        FileRefusal.DiskFull => new Problem(507, "disk_full", $"the sandbox does not have enough space for {path}; an existing file was not changed"),
        FileRefusal.TooLarge => new Problem(413, "file_too_large", $"{path} is larger than the sandbox's disk allows"),
        FileRefusal.Exists => new Problem(409, "file_exists", $"{path} exists"),
        FileRefusal.DirectoryNotEmpty => new Problem(409, "directory_not_empty", $"{path} is a directory that is not empty"),
        FileRefusal.InvalidPath => ProblemException.Invalid("path", "is not a path that the sandbox accepts").Problem,
        _ => new Problem(409, "not_a_file", e.Message == "Is a directory" ? $"{path} is a directory, not a file" : $"{path} is not a regular file"),
    };

    private static bool IsFromServer(BadHttpRequestException e) => e.GetType() != typeof(BadHttpRequestException);

    private static string Describe(string message)
    {
        var text = message.Split(':', 2)[0].TrimEnd('.', ' ');
        return text.Length > 0 ? char.ToLowerInvariant(text[0]) + text[1..] : "it cannot be parsed";
    }

    private static Problem Unreachable(string message) => new(503, "sandbox_unreachable", message) { RetryAfter = RetryAfterSeconds };
}
