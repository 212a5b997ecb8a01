using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orleans.Runtime;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Keys;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;
using Podflare.Webhooks;

namespace Podflare.Frontend;

public sealed class ProblemTests
{
    public static TheoryData<Exception, int, string, bool> Refusals => new()
    {
        { new InvalidRequestException("timeout_seconds", "must be more than 0"), 400, "invalid_request", false },
        { new SandboxNotFoundException(), 404, "sandbox_not_found", false },
        { new RunNotFoundException(), 404, "run_not_found", false },
        { new TemplateNotFoundException("x"), 404, "template_not_found", false },
        { new SandboxEndedException(EndReason.Idle), 410, "sandbox_ended", false },
        { new SandboxLostException(), 410, "sandbox_lost", false },
        { new EventsEvictedException(7), 410, "events_evicted", false },
        { new IdempotencyKeyReusedException(), 422, "idempotency_key_reused", false },
        { new RunQueueFullException(64), 429, "run_queue_full", true },
        { new LogBudgetExceededException(LogBudgetScope.Sandbox), 429, "log_budget_exceeded", true },
        { new LogBudgetExceededException(LogBudgetScope.Tenant), 429, "log_budget_exceeded", true },
        { new LogBudgetExceededException(LogBudgetScope.Cluster), 503, "log_budget_exceeded", true },
        { new ApiKeyNotFoundException(), 404, "key_not_found", false },
        { new KeyQuotaExceededException(200), 429, "key_quota_exceeded", true },
        { new WebhookNotFoundException(), 404, "webhook_not_found", false },
        { new DeliveryNotFoundException(), 404, "delivery_not_found", false },
        { new WebhookDisabledException(), 409, "webhook_disabled", false },
        { new WebhookAddressException("it is internal"), 422, "address_refused", false },
        { new WebhookQuotaExceededException(16), 429, "webhook_quota_exceeded", true },
        { new SecretKeyMissingException(), 501, "not_offered", false },
        { new TenantNotFoundException(), 404, "tenant_not_found", false },
        { new TenantExistsException(new TenantId("acme")), 409, "tenant_exists", false },
        { new TenantChangedException(), 503, "storage_unavailable", true },
        { new SandboxQuotaExceededException(SandboxQuota.Memory, 1_024), 429, "sandbox_quota_exceeded", true },
        { new RunQuotaExceededException(10), 429, "run_quota_exceeded", true },
        { new OutputQuotaExceededException(), 429, "output_quota_exceeded", true },
        { new StorageRejectedException(), 500, "internal", false },
        { new RecordUnreadableException("run_1"), 500, "internal", false },
        { new TooManyReadersException(256), 429, "rate_limited", true },
        { new NoCapacityException(), 503, "no_capacity", true },
        { new ContainerStartException("engine", true), 503, "no_capacity", true },
        { new ContainerStartException("image", false), 500, "internal", false },
        { new LeaseGoneException(), 503, "no_capacity", true },
        { new SandboxTakenException(), 503, "no_capacity", true },
        { new ShuttingDownException(), 503, "shutting_down", true },
        { new StorageUnavailableException(), 503, "storage_unavailable", true },
        { new FileRefusedException(FileRefusal.NotFound, ""), 404, "file_not_found", false },
        { new FileRefusedException(FileRefusal.NotAFile, "Is a directory"), 409, "not_a_file", false },
        { new FileRefusedException(FileRefusal.NotADirectory, ""), 409, "not_a_directory", false },
        { new FileRefusedException(FileRefusal.AccessDenied, ""), 403, "file_access_denied", false },
        { new FileRefusedException(FileRefusal.DiskFull, ""), 507, "disk_full", false },
        { new FileRefusedException(FileRefusal.TooLarge, ""), 413, "file_too_large", false },
        { new FileRefusedException(FileRefusal.InvalidPath, ""), 400, "invalid_request", false },
        { new TooManyTransfersException(8), 429, "rate_limited", true },
        { new FileTransferLostException(), 503, "sandbox_unreachable", true },
        { new FileRefusedException(FileRefusal.Exists, ""), 409, "file_exists", false },
        { new FileRefusedException(FileRefusal.DirectoryNotEmpty, ""), 409, "directory_not_empty", false },
        { new PreconditionFailedException(), 412, "precondition_failed", false },
        { new RangeNotSatisfiableException(8), 416, "range_not_satisfiable", false },
        { new InvalidArchiveException("", new ArchiveSummary(3, 1, 4_096)), 400, "invalid_archive", false },
        { new NotOfferedException(), 501, "not_offered", false },
        { new StdinClosedException(), 409, "stdin_closed", false },
        { new StdinOffsetException(6), 409, "stdin_offset", false },
        { new StdinFullException(6), 429, "stdin_full", true },
        { new RunEndedException(), 409, "run_ended", false },
        { new ToolCallNotFoundException(), 404, "tool_call_not_found", false },
        { new ToolCallClosedException(), 409, "tool_call_closed", false },
        { new NotATerminalException(), 409, "not_a_terminal", false },
        { new WatchPathNotFoundException(), 404, "file_not_found", false },
        { new WatchTooLargeException(), 429, "run_queue_full", true },
        { new ContextNotFoundException("a"), 404, "context_not_found", false },
        { new ContextExistsException("a"), 409, "context_exists", false },
        { new ContextRequiredException(), 409, "context_required", false },
        { new ContextQuotaExceededException(8), 429, "context_quota_exceeded", true },
        { new SandboxUnreachableException(), 503, "sandbox_unreachable", true },
        { new SiloUnavailableException("10.0.0.7"), 503, "sandbox_unreachable", true },
        { new OrleansException("Trying to register sandbox/sbx_1 on invalid silo: S10.0.0.7:11111:155001229. Known status: Dead"), 503, "sandbox_unreachable", true },
        { new TimeoutException("10.0.0.7"), 503, "sandbox_unreachable", true },
        { new OperationCanceledException(), 503, "sandbox_unreachable", true },
        { new BadHttpRequestException("SandboxId id", 413), 413, "code_too_large", false },
        { new BadHttpRequestException("SandboxId id", 408), 408, "request_timeout", false },
        { new BadHttpRequestException("SandboxId id", 400), 400, "invalid_request", false },
        { new InvalidOperationException("10.0.0.7"), 500, "internal", false },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Every_refusal_has_its_status_and_code_and_a_text_for_strangers(Exception e, int status, string code, bool retry)
    {
        var problem = ExceptionMapper.ToProblem(e);

        Assert.Equal((status, code, retry), (problem.Status, problem.Code, problem.RetryAfter is not null));
        Assert.DoesNotContain("10.0.0.7", problem.Error + problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("SandboxId", problem.Error + problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_exception_of_the_grains_has_a_code_of_its_own()
    {
        var known = Refusals.Select(row => row.Data.Item1.GetType()).ToHashSet();

        Assert.DoesNotContain(
            typeof(PodflareException).Assembly.GetTypes().Concat(typeof(TooManyReadersException).Assembly.GetTypes()),
            type => type is { IsAbstract: false } && (type.IsSubclassOf(typeof(PodflareException)) || type == typeof(EventsEvictedException)) && !known.Contains(type));
    }

    [Fact]
    public void A_document_has_all_that_clients_read()
    {
        var json = Parse(ExceptionMapper.ToProblem(new SandboxNotFoundException()));

        Assert.Equal(["error", "code", "type", "title", "status", "detail", "trace_id"], json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            ("sandbox not found", "sandbox_not_found", "/errors/sandbox_not_found", "Not Found", 404, "t"),
            (Text(json, "error"), Text(json, "code"), Text(json, "type"), Text(json, "title"), json.GetProperty("status").GetInt32(), Text(json, "trace_id")));
    }

    [Fact]
    public void Details_that_clients_act_on_are_told()
    {
        Assert.Equal(7, Parse(ExceptionMapper.ToProblem(new EventsEvictedException(7))).GetProperty("oldest_seq").GetInt64());
        Assert.Equal("idle", Text(Parse(ExceptionMapper.ToProblem(new SandboxEndedException(EndReason.Idle))), "ended_reason"));
        Assert.Equal("must be x", Parse(ProblemException.Invalid("f", "must be x").Problem).GetProperty("errors").GetProperty("f")[0].GetString());
    }

    [Fact]
    public void Texts_can_be_read_in_a_terminal()
    {
        var text = Encoding.UTF8.GetString(ProblemWriter.Render(new Problem(401, "x", "it's <key> & \"ü\""), "t"));

        Assert.Contains("it's <key> & \\\"ü\\\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_from_the_caller_are_cut_and_only_some_are_kept()
    {
        var errors = new FieldErrors();
        for (var i = 0; i < 1000; i++) errors.Add($"{i}{new string('x', 1000)}\ud83d\ude00", "is wrong");

        Assert.Equal(20, errors.All.Count);
        Assert.All(errors.All, error => Assert.InRange(error.Key.Length, 1, 80));
    }

    private static JsonElement Parse(Problem problem) => JsonDocument.Parse(ProblemWriter.Render(problem, "t")).RootElement;

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
