using System.Net;
using System.Text.Json;

namespace Podflare;

/// <summary>Turns an error response into the exception for its code.</summary>
internal static class ErrorReader
{
    private const int MaxBody = 256 * 1024;
    private const int MaxText = 500;

    public static async Task<PodflareApiException> ReadAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var bare = new ApiProblem { Status = response.StatusCode, Code = "unknown", Error = $"the server answered with status {(int)response.StatusCode}", RetryAfter = RetryAfter(response, time) };
        try
        {
            await response.Content.BufferAsync(MaxBody, cancellationToken).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            return ToException(Parse(body, bare));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The status is enough.
            return ToException(bare);
        }
    }

    public static PodflareApiException ToException(ApiProblem problem) => problem.Code switch
    {
        "invalid_request" => new InvalidRequestException(problem),
        "invalid_traceparent" => new InvalidTraceParentException(problem),
        "idempotency_key_reused" => new IdempotencyKeyReusedException(problem),
        "code_too_large" => new CodeTooLargeException(problem),
        "missing_api_key" or "invalid_api_key" => new UnauthorizedException(problem),
        "insufficient_scope" => new InsufficientScopeException(problem),
        "sandbox_not_found" => new SandboxNotFoundException(problem),
        "run_not_found" => new RunNotFoundException(problem),
        "template_not_found" => new TemplateNotFoundException(problem),
        "file_not_found" => new SandboxFileNotFoundException(problem),
        "not_a_file" => new NotAFileException(problem),
        "not_a_directory" => new NotADirectoryException(problem),
        "file_access_denied" => new FileAccessDeniedException(problem),
        "file_too_large" => new FileTooLargeException(problem),
        "disk_full" => new DiskFullException(problem),
        "events_evicted" => new EventsEvictedException(problem),
        "sandbox_lost" => new SandboxLostException(problem),
        "sandbox_ended" => new SandboxEndedException(problem),
        "rate_limited" => new RateLimitedException(problem),
        "sandbox_quota_exceeded" => new SandboxQuotaExceededException(problem),
        "run_quota_exceeded" => new RunQuotaExceededException(problem),
        "output_quota_exceeded" => new OutputQuotaExceededException(problem),
        "key_quota_exceeded" => new KeyQuotaExceededException(problem),
        "webhook_quota_exceeded" => new WebhookQuotaExceededException(problem),
        "webhook_not_found" => new WebhookNotFoundException(problem),
        "delivery_not_found" => new DeliveryNotFoundException(problem),
        "webhook_disabled" => new WebhookDisabledException(problem),
        "address_refused" => new AddressRefusedException(problem),
        "tenant_not_found" => new TenantNotFoundException(problem),
        "host_not_found" => new HostNotFoundException(problem),
        "key_not_found" => new ApiKeyNotFoundException(problem),
        "host_not_allowed" => new HostNotAllowedException(problem),
        "cross_origin_refused" => new CrossOriginRefusedException(problem),
        "key_from_environment" => new KeyFromEnvironmentException(problem),
        "tenant_exists" => new TenantExistsException(problem),
        "tenant_suspended" => new TenantSuspendedException(problem),
        "run_queue_full" => new RunQueueFullException(problem),
        "log_budget_exceeded" => new LogBudgetExceededException(problem),
        "no_capacity" => new NoCapacityException(problem),
        "shutting_down" => new ShuttingDownException(problem),
        "storage_unavailable" => new StorageUnavailableException(problem),
        "sandbox_unreachable" => new SandboxUnreachableException(problem),
        "not_offered" => new NotOfferedException(problem),
        "internal" => new ServerErrorException(problem),
        "method_not_allowed" => new MethodNotAllowedException(problem),
        "request_timeout" => new RequestTimeoutException(problem),
        "uri_too_long" => new UriTooLongException(problem),
        "unsupported_media_type" => new UnsupportedMediaTypeException(problem),
        "headers_too_large" => new HeadersTooLargeException(problem),
        "http_version_not_supported" => new HttpVersionNotSupportedException(problem),
        "not_found" => new NotFoundException(problem),
        "run_ended" => new RunEndedException(problem),
        "tool_call_not_found" => new ToolCallNotFoundException(problem),
        "tool_call_closed" => new ToolCallClosedException(problem),
        "stdin_closed" => new StdinClosedException(problem),
        "stdin_offset" => new StdinOffsetException(problem),
        "stdin_full" => new StdinFullException(problem),
        "not_a_terminal" => new NotATerminalException(problem),
        "context_not_found" => new ContextNotFoundException(problem),
        "context_exists" => new ContextExistsException(problem),
        "context_required" => new ContextRequiredException(problem),
        "context_quota_exceeded" => new ContextQuotaExceededException(problem),
        "file_exists" => new FileExistsException(problem),
        "directory_not_empty" => new DirectoryNotEmptyException(problem),
        "precondition_failed" => new PreconditionFailedException(problem),
        "range_not_satisfiable" => new RangeNotSatisfiableException(problem),
        "invalid_archive" => new InvalidArchiveException(problem),
        "unsupported_encoding" => new UnsupportedMediaTypeException(problem),
        // A code of a later version, or a response of a proxy: the status determines the type.
        _ => (int)problem.Status switch
        {
            401 => new UnauthorizedException(problem),
            404 => new NotFoundException(problem),
            410 => new GoneException(problem),
            429 => new ThrottledException(problem),
            503 => new UnavailableException(problem),
            _ => new PodflareApiException(problem),
        },
    };

    public static ApiProblem Parse(ReadOnlyMemory<byte> body, ApiProblem bare)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement is not { ValueKind: JsonValueKind.Object } root) return bare;
            var error = Text(root, "error") ?? Text(root, "title") ?? bare.Error;
            return bare with
            {
                Code = Text(root, "code") ?? bare.Code,
                Error = error,
                Detail = Text(root, "detail"),
                TraceId = Text(root, "trace_id"),
                OldestSeq = Number(root, "oldest_seq"),
                Offset = Number(root, "offset"),
                EndedReason = Text(root, "ended_reason") is { } reason ? WireEnumConverter<SandboxEndReason>.Parse(reason) : null,
                RequiredScopes = Texts(root, "required_scopes"),
                Errors = Fields(root),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return bare;
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text.Length > MaxText ? text[..MaxText] : text
            : null;

    private static long? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    private static Dictionary<string, IReadOnlyList<string>> Fields(JsonElement root)
    {
        var fields = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (!root.TryGetProperty("errors", out var errors) || errors.ValueKind is not JsonValueKind.Object) return fields;
        foreach (var field in errors.EnumerateObject())
        {
            fields[field.Name] = field.Value.ValueKind is JsonValueKind.String ? [field.Value.GetString()!] : Texts(field.Value);
        }

        return fields;
    }

    private static IReadOnlyList<string> Texts(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? Texts(value) : [];

    private static IReadOnlyList<string> Texts(JsonElement list) =>
        list.ValueKind is JsonValueKind.Array ? [.. list.EnumerateArray().Where(item => item.ValueKind is JsonValueKind.String).Select(item => item.GetString()!)] : [];

    // A date is compared with the clock of this machine; a date in the past means now.
    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero,
        _ => null,
    };
}
