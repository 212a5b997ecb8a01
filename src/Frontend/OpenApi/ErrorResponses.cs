using System.Text.Json.Nodes;
using Podflare.Files;
using Podflare.Problems;
using Podflare.Sandboxes;

namespace Podflare.OpenApi;

/// <summary>The refusals of the API description. Each example is what the server really writes.</summary>
internal static class ErrorResponses
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const int Soon = 1;

    private static readonly Problem[] Unavailable =
        [.. new Exception[] { new NoCapacityException(), new ShuttingDownException(), new StorageUnavailableException(), new SandboxUnreachableException() }.Select(ExceptionMapper.ToProblem)];

    private static readonly Problem RateLimited = new(429, "rate_limited", "too many requests") { RetryAfter = Soon };
    private static readonly Problem NoScope = new(403, "insufficient_scope", "the api key does not have the scope that this takes");
    private static readonly Problem SandboxNotFound = ExceptionMapper.ToProblem(new SandboxNotFoundException());
    private static readonly Problem[] Ended = [ExceptionMapper.ToProblem(new SandboxEndedException(EndReason.Deleted)), ExceptionMapper.ToProblem(new SandboxLostException())];

    private static readonly Response[] All =
    [
        new("InvalidRequest", "A field, parameter or header is wrong; `errors` names each one.", ProblemException.Invalid("timeout_seconds", "must be more than 0").Problem),
        new("Unauthorized", "The API key is missing or not valid.", new Problem(401, "missing_api_key", "missing Authorization: Bearer <key>"), new Problem(401, "invalid_api_key", "invalid api key")),
        new("Forbidden", "The API key does not have the scope that this takes.", NoScope),
        new("FileForbidden", "The API key does not have the scope that this takes, or the sandbox's user may not do it.", NoScope, File(FileRefusal.AccessDenied, "Permission denied")),
        new("TemplateNotFound", "No such template.", ExceptionMapper.ToProblem(new TemplateNotFoundException("large"))),
        new("SandboxNotFound", "No such sandbox, or another tenant's.", SandboxNotFound),
        new("RunNotFound", "No such sandbox or run, or another tenant's.", SandboxNotFound, ExceptionMapper.ToProblem(new RunNotFoundException())),
        new("FileNotFound", "No such sandbox or file, or another tenant's.", SandboxNotFound, File(FileRefusal.NotFound, "No such file or directory")),
        new("NotAFile", "A directory, socket or device where a file is needed, or the other way round.", File(FileRefusal.NotAFile, "Is a directory"), File(FileRefusal.NotADirectory, "Not a directory")),
        new("Gone", "The sandbox has ended, or the events are no longer kept.", [.. Ended, ExceptionMapper.ToProblem(new EventsEvictedException(1_024))]),
        new("TooLarge", "The code or the body is too large.", ExceptionMapper.ForStatus(413)),
        new("FileTooLarge", "Larger than the sandbox's disk.", File(FileRefusal.TooLarge, "File too large")),
        new("DiskFull", "It does not fit; the old file stays.", File(FileRefusal.DiskFull, "No space left on device")),
        new("UnsupportedMediaType", "The body does not say that it is JSON.", ExceptionMapper.ForStatus(415)),
        new("Contradiction", "The `Idempotency-Key` was used with another body, or the `traceparent` field is not valid.",
            ExceptionMapper.ToProblem(new IdempotencyKeyReusedException()), new Problem(422, "invalid_traceparent", "traceparent is not valid")),
        new("RateLimited", "Too many requests or readers.", RateLimited),
        new("QuotaExceeded", "Too many requests, or as many sandboxes as the tenant may have.", RateLimited,
            new Problem(429, "sandbox_quota_exceeded", "the tenant has as many sandboxes as it may have") { RetryAfter = Soon }),
        new("QueueFull", "Too many requests or readers, or too many open runs in the sandbox.", RateLimited, ExceptionMapper.ToProblem(new RunQueueFullException(64))),
        new("Internal", "A fault of the server; its log tells more under `trace_id`.", ExceptionMapper.ForStatus(500)),
        new("NotOffered", "Not built, or switched off here.", Problem.NotOffered("persistent")),
        new("Unavailable", "It cannot be done for now; the same request is safe to repeat.", Unavailable),
        new("OtherRefusal", "What the server refuses before any of this.", ExceptionMapper.ForStatus(404), ExceptionMapper.ForStatus(405), ExceptionMapper.ForStatus(408)),
    ];

    /// <summary>All codes that a problem can have.</summary>
    public static IEnumerable<string> Codes => All.SelectMany(response => response.Problems).Select(problem => problem.Code).Distinct();

    /// <summary>The responses by name.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> ToJson() => All.Select(response => KeyValuePair.Create(response.Name, (JsonNode?)response.ToJson()));

    private static Problem File(FileRefusal refusal, string kernel) => ExceptionMapper.ToProblem(new FileRefusedException(refusal, kernel));

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
