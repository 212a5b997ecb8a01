using System.Text.Json.Nodes;
using Podflare.Contexts;
using Podflare.Edge;
using Podflare.Files;
using Podflare.Keys;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Webhooks;

namespace Podflare.OpenApi;

/// <summary>The error responses of the API description. Each example is what the server really writes.</summary>
internal static class ErrorResponses
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const int RetryAfterSeconds = 1;

    private static readonly Problem[] Unavailable =
        [.. new Exception[] { new NoCapacityException(), new ShuttingDownException(), new StorageUnavailableException(), new SandboxUnreachableException(), new LogBudgetExceededException(LogBudgetScope.Cluster) }.Select(ExceptionMapper.ToProblem)];

    private static readonly Problem RateLimited = new(429, "rate_limited", "too many requests") { RetryAfter = RetryAfterSeconds, ViolatedPolicies = ["requests"] };
    private static readonly Problem NoScope = Problem.InsufficientScope(KeyScopes.Sandboxes);
    private static readonly Problem SandboxNotFound = ExceptionMapper.ToProblem(new SandboxNotFoundException());
    private static readonly Problem ContextNotFound = ExceptionMapper.ToProblem(new ContextNotFoundException("analysis"));
    private static readonly Problem TooManyContexts = ExceptionMapper.ToProblem(new ContextQuotaExceededException(8));
    private static readonly Problem[] Ended = [ExceptionMapper.ToProblem(new SandboxEndedException(EndReason.Deleted)), ExceptionMapper.ToProblem(new SandboxLostException())];

    private static readonly Response[] All =
    [
        new("InvalidRequest", "A field, parameter or header is not valid; `errors` names each one.", ProblemException.Invalid("timeout_seconds", "must be greater than 0").Problem),
        new("Unauthorized", "The API key is missing or not valid.", new Problem(401, "missing_api_key", "missing Authorization: Bearer <key>"), new Problem(401, "invalid_api_key", "invalid api key")),
        new("Forbidden", "The API key does not have the scope that this operation needs, its tenant is suspended, or a web page of another origin sent the request.", NoScope, Problem.TenantSuspended, CrossOriginFilter.Refusal),
        new("FileForbidden", "The API key does not have the scope that this operation needs, its tenant is suspended, the sandbox's user does not have permission, or a web page of another origin sent the request.",
            NoScope, Problem.TenantSuspended, CrossOriginFilter.Refusal, File(FileRefusal.AccessDenied, "Permission denied")),
        new("KeyNotFound", "The key does not exist, or belongs to another tenant.", ExceptionMapper.ToProblem(new ApiKeyNotFoundException())),
        new("KeyFromEnvironment", "The key is set in the environment of the server, so it cannot be changed.", new Problem(409, "key_from_environment", "the key env_9a1b22cd is set in the environment of the server")),
        new("KeyQuotaExceeded", "Too many requests, or the tenant has reached its limit of keys.", RateLimited, ExceptionMapper.ToProblem(new KeyQuotaExceededException(200))),
        new("WebhookNotFound", "The webhook does not exist, or belongs to another tenant.", ExceptionMapper.ToProblem(new WebhookNotFoundException())),
        new("DeliveryNotFound", "The webhook does not exist or belongs to another tenant, or has no such delivery.", ExceptionMapper.ToProblem(new WebhookNotFoundException()),
            ExceptionMapper.ToProblem(new DeliveryNotFoundException())),
        new("WebhookDisabled", "The webhook is disabled.", ExceptionMapper.ToProblem(new WebhookDisabledException())),
        new("AddressRefused", "A webhook may not have this address.", ExceptionMapper.ToProblem(new WebhookAddressException("The address must start with https://."))),
        new("WebhookQuotaExceeded", "Too many requests, or the tenant has reached its limit of webhooks.", RateLimited, ExceptionMapper.ToProblem(new WebhookQuotaExceededException(16))),
        new("WebhooksNotOffered", "The server has no key for secrets (`PODFLARE_SECRET_KEY`), so it offers neither webhooks nor telemetry destinations.", ExceptionMapper.ToProblem(new SecretKeyMissingException())),
        new("TenantNotFound", "The tenant does not exist.", ExceptionMapper.ToProblem(new TenantNotFoundException())),
        new("TenantSandboxNotFound", "The tenant does not exist, or has no such sandbox.", ExceptionMapper.ToProblem(new TenantNotFoundException()), SandboxNotFound),
        new("TenantExists", "A tenant has this id, or had it.", ExceptionMapper.ToProblem(new TenantExistsException(new TenantId("acme")))),
        new("HostNotFound", "No worker of this host is in the cluster.", Problem.HostNotFound()),
        new("TemplateNotFound", "The template does not exist.", ExceptionMapper.ToProblem(new TemplateNotFoundException("large"))),
        new("SandboxNotFound", "The sandbox does not exist, or belongs to another tenant.", SandboxNotFound),
        new("RunNotFound", "The sandbox or run does not exist, or belongs to another tenant.", SandboxNotFound, ExceptionMapper.ToProblem(new RunNotFoundException())),
        new("StartNotFound", "The sandbox, the context or the path to watch does not exist, or the sandbox belongs to another tenant.",
            SandboxNotFound, ContextNotFound, File(FileRefusal.NotFound, "No such file or directory")),
        new("ContextNotFound", "The sandbox or context does not exist, or belongs to another tenant.", SandboxNotFound, ContextNotFound),
        new("ContextConflict", "A context with this id exists and differs.", ExceptionMapper.ToProblem(new ContextExistsException("analysis"))),
        new("ContextRequired", "The context `python` cannot be deleted.", ExceptionMapper.ToProblem(new ContextRequiredException())),
        new("RunConflict", "The run has ended, or has no open standard input or no terminal; or the input does not follow what was accepted.",
            [.. new Exception[] { new RunEndedException(), new StdinClosedException(), new StdinOffsetException(6), new NotATerminalException() }.Select(ExceptionMapper.ToProblem)]),
        new("ToolCallNotFound", "The sandbox or run does not exist, or belongs to another tenant; or the run has made none of these tool calls.",
            SandboxNotFound, ExceptionMapper.ToProblem(new RunNotFoundException()), ExceptionMapper.ToProblem(new ToolCallNotFoundException())),
        new("ToolCallConflict", "The tool calls were closed before they were answered, or the run has ended.", ExceptionMapper.ToProblem(new ToolCallClosedException())),
        new("FileConflict", "The path or the target is not of the kind that the operation needs.", File(FileRefusal.NotAFile, "Is a directory"), File(FileRefusal.NotADirectory, "Not a directory"),
            File(FileRefusal.Exists, "File exists"), File(FileRefusal.DirectoryNotEmpty, "Directory not empty")),
        new("PreconditionFailed", "The file is not what the conditions of the request require. Nothing was changed.", ExceptionMapper.ToProblem(new PreconditionFailedException())),
        new("RangeNotSatisfiable", "The file ends before the requested range.", ExceptionMapper.ToProblem(new RangeNotSatisfiableException(8))),
        new("InvalidArchive", "A parameter is not valid, or the archive is damaged or has members that must not be written.", ProblemException.Invalid("path", "must be an absolute path, such as /root").Problem,
            ExceptionMapper.ToProblem(new InvalidArchiveException("it ends within a member", new ArchiveSummary(3, 1, 4_096)))),
        new("FileNotFound", "The sandbox or file does not exist, or belongs to another tenant.", SandboxNotFound, File(FileRefusal.NotFound, "No such file or directory")),
        new("NotAFile", "The path is a directory, socket or device and a file is needed, or the other way round.", File(FileRefusal.NotAFile, "Is a directory"), File(FileRefusal.NotADirectory, "Not a directory")),
        new("Gone", "The sandbox has ended, or the events are no longer kept.", [.. Ended, ExceptionMapper.ToProblem(new EventsEvictedException(1_024))]),
        new("EventsGone", "The events after this number are no longer kept. `oldest_seq` is the oldest one that is.", ExceptionMapper.ToProblem(new EventsEvictedException(1_024))),
        new("TooLarge", "The code or the request body is too large.", Problem.BodyTooLarge(32 * 1024 * 1024)),
        new("FileTooLarge", "The file is larger than the limit.", File(FileRefusal.TooLarge, "File too large")),
        new("DiskFull", "The file does not fit into the sandbox. An existing file was not changed.", File(FileRefusal.DiskFull, "No space left on device")),
        new("UnsupportedMediaType", "The body is declared as something other than uncompressed JSON in UTF-8.", ExceptionMapper.ForStatus(415), UnsupportedMediaType.ContentEncoding("gzip").Problem),
        new("UnsupportedEncoding", "The body has a `Content-Encoding`.", UnsupportedMediaType.ContentEncoding("gzip").Problem),
        new("Contradiction", "The `Idempotency-Key` was used with another body, or the `traceparent` field is not valid.",
            ExceptionMapper.ToProblem(new IdempotencyKeyReusedException()), new Problem(422, "invalid_traceparent", "traceparent is not valid")),
        new("RateLimited", "Too many requests or readers.", RateLimited),
        new("QuotaExceeded", "Too many requests or creates, or the tenant has reached its limit of sandboxes or of their memory.", RateLimited,
            ExceptionMapper.ToProblem(new SandboxQuotaExceededException(SandboxQuota.Sandboxes, 20))),
        new("QueueFull", "Too many requests or readers, too many open runs or contexts in the sandbox, too much output that is kept, or a limit of the tenant.", RateLimited,
            ExceptionMapper.ToProblem(new RunQueueFullException(64)), TooManyContexts, ExceptionMapper.ToProblem(new LogBudgetExceededException(LogBudgetScope.Sandbox)),
            ExceptionMapper.ToProblem(new RunQuotaExceededException(10)), ExceptionMapper.ToProblem(new OutputQuotaExceededException())),
        new("StdinFull", "Too many requests, or too much input that the run has not read.", RateLimited, ExceptionMapper.ToProblem(new StdinFullException(6))),
        new("ContextQuotaExceeded", "Too many requests, or the sandbox has reached its limit of contexts.", RateLimited, TooManyContexts),
        new("Internal", "The server has a fault. Its log has the details under `trace_id`.", ExceptionMapper.ForStatus(500)),
        new("NotOffered", "This server does not offer the operation.", Problem.NotOffered("persistent")),
        new("Unavailable", "The operation is not possible at the moment; the same request is safe to retry.", Unavailable),
        new("OtherRefusal", "The server refused the request before it reached the operation.", ExceptionMapper.ForStatus(404), ExceptionMapper.ForStatus(405), ExceptionMapper.ForStatus(408),
            ExceptionMapper.ForStatus(414), HostFilter.Refusal("podflare.example"), ExceptionMapper.ForStatus(431), ExceptionMapper.ForStatus(505)),
    ];

    /// <summary>All error codes.</summary>
    public static IEnumerable<string> Codes => All.SelectMany(response => response.Problems).Select(problem => problem.Code).Distinct();

    /// <summary>The responses by name.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> ToJson() => All.Select(response => KeyValuePair.Create(response.Name, (JsonNode?)response.ToJson()));

    private static Problem File(FileRefusal refusal, string kernel) => ExceptionMapper.OfFile(new FileRefusedException(refusal, kernel), "/root/data.csv");

    private sealed record Response(string Name, string Description, params Problem[] Problems)
    {
        public JsonObject ToJson()
        {
            var content = new JsonObject
            {
                ["application/problem+json"] = new JsonObject
                {
                    ["schema"] = Reference("schemas/Problem"),
                    ["examples"] = new JsonObject(Problems.Select(problem => KeyValuePair.Create(problem.Code, (JsonNode?)new JsonObject { ["value"] = JsonNode.Parse(ProblemWriter.Render(problem, TraceId)) }))),
                },
            };
            var response = new JsonObject { ["description"] = Description };
            if (Array.Exists(Problems, problem => problem.RetryAfter is not null)) response["headers"] = new JsonObject { ["Retry-After"] = Reference("headers/RetryAfter") };
            response["content"] = content;
            return response;
        }

        private static JsonObject Reference(string component) => new() { ["$ref"] = $"#/components/{component}" };
    }
}
