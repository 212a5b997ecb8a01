using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>Answers with runs as JSON.</summary>
internal sealed class RunReplies(IGrainFactory grains, IOptions<HttpOptions> options, TimeProvider time)
{
    /// <summary><c>true</c> while further spans of a run may come.</summary>
    public const string TraceOpenHeader = "Podflare-Trace-Open";

    /// <summary>The number of spans that were dropped.</summary>
    public const string TraceDroppedHeader = "Podflare-Trace-Dropped";

    public async Task<JsonHttpResult<RunJson>> GetAsync(TenantId tenant, SandboxId id, RunId run, int status, CancellationToken clientLeft)
    {
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, clientLeft);
        var info = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetRun(tenant, run), time, deadline.Token);
        return TypedResults.Json(RunJson.Of(info), RunJsonContext.Default.RunJson, statusCode: status);
    }

    /// <summary>Answers with the spans of a run, as OTLP.</summary>
    public async Task<FileContentHttpResult> GetTraceAsync(HttpResponse response, TenantId tenant, SandboxId id, RunId run, CancellationToken clientLeft)
    {
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, clientLeft);
        var trace = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetRunTrace(tenant, run), time, deadline.Token);
        if (trace.IsOpen) response.Headers[TraceOpenHeader] = "true";
        if (trace.Dropped > 0) response.Headers[TraceDroppedHeader] = trace.Dropped.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Bytes(trace.Json, "application/json");
    }

    public async Task<JsonHttpResult<RunPageJson>> ListAsync(TenantId tenant, SandboxId id, RunFilter filter, CancellationToken cancellationToken)
    {
        var page = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).ListRuns(tenant, filter, cancellationToken), time, cancellationToken);
        return TypedResults.Json(new RunPageJson([.. page.Runs.Select(RunJson.Of)], page.Next?.Value), RunJsonContext.Default.RunPageJson);
    }
}
