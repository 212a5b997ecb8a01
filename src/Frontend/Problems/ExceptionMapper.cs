using Podflare.Files;
using Podflare.Http;
using Podflare.Streaming;

namespace Podflare.Problems;

/// <summary>The one place where exceptions become answers.</summary>
internal static class ExceptionMapper
{
    private const int Soon = 1;

    public static Problem ToProblem(Exception e) => e switch
    {
        ProblemException x => x.Problem,
        SandboxNotFoundException x => new Problem(404, "sandbox_not_found", x.Message),
        RunNotFoundException x => new Problem(404, "run_not_found", x.Message),
        TemplateNotFoundException x => new Problem(404, "template_not_found", x.Message),
        SandboxEndedException x => new Problem(410, "sandbox_ended", x.Message) { EndedReason = x.Reason.ToString().ToLowerInvariant() },
        SandboxLostException x => new Problem(410, "sandbox_lost", x.Message),
        EventsEvictedException x => new Problem(410, "events_evicted", x.Message) { OldestSeq = x.OldestSeq },
        IdempotencyKeyReusedException x => new Problem(422, "idempotency_key_reused", x.Message),
        RunQueueFullException x => new Problem(429, "run_queue_full", x.Message) { RetryAfter = Soon },
        FileRefusedException x => Refused(x),
        TooManyTransfersException x => new Problem(429, "rate_limited", x.Message) { RetryAfter = Soon },
        TooManyReadersException x => new Problem(429, "rate_limited", x.Message) { RetryAfter = Soon },
        NoCapacityException x => new Problem(503, "no_capacity", x.Message) { RetryAfter = Soon },
        ContainerStartException { Retry: true } x => new Problem(503, "no_capacity", x.Message) { RetryAfter = Soon },
        ContainerStartException x => new Problem(500, "internal", x.Message),
        LeaseGoneException or SandboxTakenException => new Problem(503, "no_capacity", new NoCapacityException().Message) { RetryAfter = Soon },
        ShuttingDownException x => new Problem(503, "shutting_down", x.Message) { RetryAfter = Soon },
        StorageUnavailableException x => new Problem(503, "storage_unavailable", x.Message) { RetryAfter = Soon },
        SandboxUnreachableException x => Unreachable(x.Message),
        FileTransferLostException x => Unreachable(x.Message),
        OperationCanceledException => Unreachable(new SandboxUnreachableException().Message),
        BadHttpRequestException x => ForStatus(x.StatusCode),
        _ when GrainCallRetry.IsLostCall(e) => Unreachable(new SandboxUnreachableException().Message),
        _ => new Problem(500, "internal", "internal error"),
    };

    /// <summary>The answer where the server, and not a handler, refuses.</summary>
    public static Problem ForStatus(int status) => status switch
    {
        404 => new Problem(404, "not_found", "no such route"),
        405 => new Problem(405, "method_not_allowed", "the route does not know this method"),
        408 => new Problem(408, "request_timeout", "the request body took too long"),
        413 => new Problem(413, "code_too_large", "the request body is too large"),
        415 => new Problem(415, "unsupported_media_type", "the body must be JSON: Content-Type: application/json"),
        >= 500 => new Problem(status, "internal", "internal error"),
        _ => new Problem(status, "invalid_request", "invalid request"),
    };

    private static Problem Refused(FileRefusedException e)
    {
        var (status, code, error, field) = e.Refusal switch
        {
            FileRefusal.NotFound => (404, "file_not_found", "file not found", "is not there"),
            FileRefusal.NotADirectory => (409, "not_a_directory", "not a directory", "is not a directory, or leads through something that is none"),
            FileRefusal.AccessDenied => (403, "file_access_denied", "the sandbox's user may not do that", "is not for the sandbox's user to read or to write"),
            FileRefusal.DiskFull => (507, "disk_full", "the file does not fit into the sandbox; the old one stays", null),
            FileRefusal.TooLarge => (413, "file_too_large", "the file is larger than the sandbox's disk takes", null),
            FileRefusal.InvalidPath => (400, "invalid_request", "invalid request: path is none that the sandbox takes", "is none that the sandbox takes"),
            _ => (409, "not_a_file", "not a file", "is a directory, socket or device, or cannot be read as a file"),
        };
        var errors = new FieldErrors();
        if (field is not null) errors.Add("path", field);
        // What the sandbox's kernel called it.
        return new Problem(status, code, error) { Detail = e.Message.Length > 0 ? $"{error}: {e.Message}" : null, Errors = errors.Any ? errors : null };
    }

    private static Problem Unreachable(string message) => new(503, "sandbox_unreachable", message) { RetryAfter = Soon };
}
