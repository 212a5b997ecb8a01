using System.Net;
using Podflare.NetSdk.Scripted;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Pure;

public sealed class ErrorTreeTests
{
    [Theory]
    [InlineData(400, "invalid_request", typeof(InvalidRequestException))]
    [InlineData(401, "missing_api_key", typeof(UnauthorizedException))]
    [InlineData(401, "invalid_api_key", typeof(UnauthorizedException))]
    [InlineData(403, "insufficient_scope", typeof(InsufficientScopeException))]
    [InlineData(404, "sandbox_not_found", typeof(SandboxNotFoundException))]
    [InlineData(404, "run_not_found", typeof(RunNotFoundException))]
    [InlineData(404, "template_not_found", typeof(TemplateNotFoundException))]
    [InlineData(404, "file_not_found", typeof(SandboxFileNotFoundException))]
    [InlineData(404, "not_found", typeof(NotFoundException))]
    [InlineData(405, "method_not_allowed", typeof(MethodNotAllowedException))]
    [InlineData(408, "request_timeout", typeof(RequestTimeoutException))]
    [InlineData(409, "not_a_file", typeof(NotAFileException))]
    [InlineData(410, "events_evicted", typeof(EventsEvictedException))]
    [InlineData(410, "sandbox_lost", typeof(SandboxLostException))]
    [InlineData(410, "sandbox_ended", typeof(SandboxEndedException))]
    [InlineData(410, "later", typeof(GoneException))]
    [InlineData(413, "code_too_large", typeof(CodeTooLargeException))]
    [InlineData(413, "file_too_large", typeof(FileTooLargeException))]
    [InlineData(414, "uri_too_long", typeof(UriTooLongException))]
    [InlineData(415, "unsupported_media_type", typeof(UnsupportedMediaTypeException))]
    [InlineData(422, "invalid_traceparent", typeof(InvalidTraceParentException))]
    [InlineData(422, "idempotency_key_reused", typeof(IdempotencyKeyReusedException))]
    [InlineData(429, "rate_limited", typeof(RateLimitedException))]
    [InlineData(429, "sandbox_quota_exceeded", typeof(SandboxQuotaExceededException))]
    [InlineData(429, "run_quota_exceeded", typeof(RunQuotaExceededException))]
    [InlineData(429, "output_quota_exceeded", typeof(OutputQuotaExceededException))]
    [InlineData(429, "run_queue_full", typeof(RunQueueFullException))]
    [InlineData(429, "log_budget_exceeded", typeof(LogBudgetExceededException))]
    [InlineData(503, "log_budget_exceeded", typeof(LogBudgetExceededException))]
    [InlineData(429, "later", typeof(ThrottledException))]
    [InlineData(431, "headers_too_large", typeof(HeadersTooLargeException))]
    [InlineData(500, "internal", typeof(ServerErrorException))]
    [InlineData(501, "not_offered", typeof(NotOfferedException))]
    [InlineData(503, "no_capacity", typeof(NoCapacityException))]
    [InlineData(503, "shutting_down", typeof(ShuttingDownException))]
    [InlineData(503, "storage_unavailable", typeof(StorageUnavailableException))]
    [InlineData(503, "sandbox_unreachable", typeof(SandboxUnreachableException))]
    [InlineData(503, "later", typeof(UnavailableException))]
    [InlineData(505, "http_version_not_supported", typeof(HttpVersionNotSupportedException))]
    [InlineData(507, "disk_full", typeof(DiskFullException))]
    [InlineData(418, "later", typeof(PodflareApiException))]
    public async Task Each_code_has_its_exception(int status, string code, Type type)
    {
        var server = new ScriptedServer().Refuse(status, code, "3", ""","oldest_seq":17,"ended_reason":"idle","errors":{"code":["is empty","is wrong"],"env":"too large"}""");
        var e = await Assert.ThrowsAnyAsync<PodflareApiException>(() => server.Attach(o => o.MaxRetries = 0).GetInfoAsync(TestContext.Current.CancellationToken));
        Assert.Equal(type, e.GetType());
        Assert.Equal((code, (HttpStatusCode)status, "abc", TimeSpan.FromSeconds(3)), (e.Code, e.Status, e.TraceId, e.RetryAfter));
        Assert.Equal((17, SandboxEndReason.Idle), (e.Problem.OldestSeq, e.Problem.EndedReason));
        Assert.Equal(["is empty", "is wrong"], e.Problem.Errors["code"]);
        Assert.Equal(["too large"], e.Problem.Errors["env"]);
        Assert.Contains("because", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_documented_code_has_its_exception()
    {
        var codes = Directory.GetFiles(Path.Combine(TestRun.Repository, "docs", "errors"), "*.md").Select(Path.GetFileNameWithoutExtension).Where(name => name != "README").ToArray();
        Assert.NotEmpty(codes);
        // No status has a type of its own here, so that only the code can determine the type.
        Assert.All(codes, code => Assert.NotEqual(typeof(PodflareApiException), ErrorReader.ToException(new ApiProblem { Status = 0, Code = code!, Error = "no" }).GetType()));
    }

    [Theory]
    [InlineData("<html>Bad Gateway</html>")]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"error":1,"errors":[],"trace_id":{},"oldest_seq":"x"}""")]
    [InlineData("""{"error":"\ud800"}""")]
    public async Task An_answer_that_is_not_a_problem_document_is_reported_by_its_status(string body)
    {
        var server = new ScriptedServer().Then(() => new HttpResponseMessage(HttpStatusCode.BadGateway) { Content = new StringContent(body) });
        var e = await Assert.ThrowsAnyAsync<PodflareApiException>(() => server.Attach(o => o.MaxRetries = 0).GetInfoAsync(TestContext.Current.CancellationToken));
        Assert.Equal((HttpStatusCode.BadGateway, "unknown"), (e.Status, e.Code));
        Assert.Contains("502", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_service_at_the_address_is_noticed()
    {
        var server = new ScriptedServer().Json("<html>", times: 1).Json("hello").Json("""{"id":"sbx_1"}""");
        await Assert.ThrowsAsync<PodflareProtocolException>(() => server.Attach().GetInfoAsync(TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<PodflareProtocolException>(() => server.Connect().CheckAliveAsync(TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<PodflareProtocolException>(() => server.Attach().GetInfoAsync(TestContext.Current.CancellationToken));
    }
}
