using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Limits;
using Podflare.Logs;
using Podflare.Requests;
using Podflare.Resources;
using Podflare.Sandboxes;

namespace Podflare.E2b.Control;

/// <summary>The control plane: creates, lists, changes and ends sandboxes.</summary>
internal static class ControlEndpoints
{
    private const double DefaultSeconds = 300;
    private const double OldDefaultSeconds = 15;
    private const int MaxLogs = 1_000;
    private const string NextToken = "X-Next-Token";
    private const string TotalRunning = "X-Total-Running";
    private const string Box = "/sandboxes/{" + ControlSandbox.RouteValue + "}";

    // What E2B has and this server does not.
    private static readonly (string[] Methods, string Pattern, string What)[] NotSupported =
    [
        (["POST"], Box + "/pause", "pausing is"), (["POST"], Box + "/fork", "forking is"), (["GET", "POST"], Box + "/snapshots", "snapshots are"), (["PUT"], Box + "/network", "network rules are"),
        (["GET"], "/snapshots", "snapshots are"), (["GET", "POST", "PATCH", "DELETE"], "/templates/{**rest}", "building templates is"), (["GET", "POST", "PATCH", "DELETE"], "/v2/templates/{**rest}", "building templates is"),
        (["POST"], "/v3/templates/{**rest}", "building templates is"), (["GET", "POST", "DELETE"], "/volumes/{**rest}", "volumes are"), (["GET", "POST", "PATCH", "DELETE"], "/secrets/{**rest}", "secrets are"),
        (["GET", "POST", "PATCH", "DELETE"], "/api-keys/{**rest}", "managing API keys here is"), (["GET"], "/teams/{**rest}", "teams are"),
    ];

    public static void MapE2bControl(this RouteGroupBuilder control)
    {
        control.RequireSandboxScopes();
        Create("/sandboxes", OldDefaultSeconds);
        Create("/v2/sandboxes", DefaultSeconds);
        foreach (var prefix in new[] { "", "/v2" })
        {
            control.MapPost($"{prefix}{Box}/connect", (HttpContext context, Caller caller, LifetimeEndpoints lifetimes) => lifetimes.ConnectAsync(context, caller)).WithMetadata(new DisableRequestDeadline());
            control.MapGet($"{prefix}/sandboxes", ListAsync);
        }

        control.MapPost($"{Box}/resume", (HttpContext context, Caller caller, LifetimeEndpoints lifetimes) => lifetimes.ConnectAsync(context, caller)).WithMetadata(new DisableRequestDeadline());
        control.MapPost($"{Box}/timeout", (HttpContext context, Caller caller, LifetimeEndpoints lifetimes) => lifetimes.SetTimeoutAsync(context, caller)).WithMetadata(new DisableRequestDeadline());
        control.MapPost($"{Box}/refreshes", (HttpContext context, Caller caller, LifetimeEndpoints lifetimes) => lifetimes.RefreshAsync(context, caller)).WithMetadata(new DisableRequestDeadline());
        control.MapGet(Box, GetAsync);
        control.MapDelete(Box, DeleteAsync);
        control.MapGet($"{Box}/metrics", MetricsAsync);
        control.MapGet($"/v2{Box}/logs", LogsAsync);
        control.MapGet("/health", static () => TypedResults.Ok()).WithMetadata(new AllowAnonymous());
        foreach (var (methods, pattern, what) in NotSupported) control.MapMethods(pattern, methods, (HttpContext context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken token) => RefuseAsync(what, context, caller, grains, time, token));

        void Create(string pattern, double seconds) =>
            control.MapPost(pattern, (HttpContext context, Caller caller, CreateEndpoint create) => create.CreateAsync(context, caller, seconds)).WithMetadata(new DisableRequestDeadline(), new LimitCreates());
    }

    // A sandbox that does not exist is not found, whatever is asked of it.
    private static async Task RefuseAsync(string what, HttpContext context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        if (context.Request.RouteValues.ContainsKey(ControlSandbox.RouteValue)) await ControlSandbox.GetAsync(grains, caller.Tenant, ControlSandbox.Of(context), time, cancellationToken);
        throw E2bException.NotSupported(what);
    }

    private static async Task<JsonHttpResult<SandboxView>> GetAsync(
        HttpContext context, Caller caller, IGrainFactory grains, IOptions<TemplateOptions> templates, IOptions<E2bOptions> options, TimeProvider time, CancellationToken cancellationToken)
    {
        var sandbox = await ControlSandbox.GetAsync(grains, caller.Tenant, ControlSandbox.Of(context), time, cancellationToken);
        return TypedResults.Json(SandboxView.Of(sandbox, templates.Value, options.Value), ControlJson.Default.SandboxView);
    }

    private static async Task<NoContent> DeleteAsync(HttpContext context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var id = ControlSandbox.Of(context);
        await ControlSandbox.GetAsync(grains, caller.Tenant, id, time, cancellationToken);
        var origin = RequestOrigin.Of(context, caller);
        await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Delete(caller.Tenant, origin), time, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<IReadOnlyList<SandboxView>>> ListAsync(
        HttpContext context, Caller caller, SandboxLister lister, IOptions<CreateOptions> create, IOptions<TemplateOptions> templates, IOptions<E2bOptions> options, CancellationToken cancellationToken)
    {
        IReadOnlyList<SandboxView> page = [];
        if (ListSandboxesQuery.Parse(context.Request, options.Value, create.Value).Filter is { } filter)
        {
            var counting = lister.CountAsync(caller.Tenant, filter, cancellationToken);
            var found = await lister.FindAsync(caller.Tenant, filter, cancellationToken);
            page = [.. found.Sandboxes.Select(sandbox => SandboxView.Of(sandbox, templates.Value, options.Value) with { Domain = null })];
            if (found.Next is { } next) context.Response.Headers[NextToken] = next.ToString();
            // A number that lacks a host's part would be wrong.
            if (await counting is { } total) context.Response.Headers[TotalRunning] = total.ToString(CultureInfo.InvariantCulture);
            if (found.Warnings.Count > 0) context.Response.Headers["Podflare-Warning"] = string.Join("; ", found.Warnings);
        }

        return TypedResults.Json(page, ControlJson.Default.IReadOnlyListSandboxView);
    }

    private static async Task<JsonHttpResult<IReadOnlyList<MetricView>>> MetricsAsync(
        HttpContext context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var id = ControlSandbox.Of(context);
        await ControlSandbox.GetAsync(grains, caller.Tenant, id, time, cancellationToken);
        var (from, to) = (Moment(context.Request, "start"), Moment(context.Request, "end"));
        var metrics = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetMetrics(caller.Tenant, from, to, cancellationToken), time, cancellationToken);
        IReadOnlyList<MetricView> points = [.. metrics.Points.Select(point => ViewOf(point, metrics.Limits))];
        return TypedResults.Json(points, ControlJson.Default.IReadOnlyListMetricView);
    }

    // Also for a day after the end of the sandbox.
    private static async Task<JsonHttpResult<LogsView>> LogsAsync(
        HttpContext context, Caller caller, IGrainFactory grains, ISandboxLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        var id = ControlSandbox.Of(context);
        await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Get(caller.Tenant), time, cancellationToken);
        var limit = (int)(QueryParameters.Number(context.Request, "limit", 1, int.MaxValue) ?? MaxLogs);
        var page = await log.ReadAsync(id, 0, Math.Min(limit, MaxLogs), cancellationToken);
        return TypedResults.Json(new LogsView([.. page.Lines.Select(ViewOf)]), ControlJson.Default.LogsView);
    }

    private static LogView ViewOf(SandboxLogLine line) =>
        new(Timestamps.ToRfc3339(line.At), line.Level, line.Message, new Dictionary<string, string>(StringComparer.Ordinal) { ["source"] = line.Source });

    private static MetricView ViewOf(ResourcePoint point, ResourceLimits limits)
    {
        const double percent = 100;
        var cpus = limits.Cpus ?? 1;
        return new MetricView(
            Timestamps.ToRfc3339(point.At), point.At.ToUnixTimeSeconds(), (int)Math.Max(1, Math.Ceiling(cpus)), Math.Round(percent * (point.Cpu ?? 0) / cpus, 2),
            point.MemoryBytes ?? 0, limits.MemoryBytes ?? 0, 0, point.DiskBytes ?? 0, limits.DiskBytes ?? 0);
    }

    private static DateTimeOffset? Moment(HttpRequest request, string name)
    {
        const long last = 253_402_300_799; // in the year 9999, where dates end
        return QueryParameters.Number(request, name, 0, last) is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
    }
}
