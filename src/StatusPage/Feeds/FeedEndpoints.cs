using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.Configuration;
using Podflare.Http;
using Podflare.Incidents;
using Podflare.Probes;
using Podflare.Serialization;
using Podflare.Snapshots;
using Podflare.StatuspageApi;

namespace Podflare.Feeds;

internal static class FeedEndpoints
{
    private const string Json = "application/json; charset=utf-8";
    private const string ShortCache = "public, max-age=10";

    private static readonly string[] Reading = ["GET", "HEAD"];
    private static readonly TimeSpan CommentStep = TimeSpan.FromSeconds(15);

    public static void MapFeeds(this IEndpointRouteBuilder routes)
    {
        Map("summary", (s, url) => new { status = Status(s), components = s.Components.Select(StatuspageMapper.ToV2), incidents = ToStatuspage(s, s.OpenIncidents, url), scheduled_maintenances = ToStatuspage(s, s.ActiveMaintenances.Concat(s.UpcomingMaintenances), url) });
        Map("status", (s, _) => new { status = Status(s) });
        Map("components", (s, _) => new { components = s.Components.Select(StatuspageMapper.ToV2) });
        Map("incidents", (s, url) => new { incidents = ToStatuspage(s, s.Incidents.Take(50), url) });
        Map("incidents/unresolved", (s, url) => new { incidents = ToStatuspage(s, s.OpenIncidents, url) });
        Map("scheduled-maintenances", (s, url) => new { scheduled_maintenances = ToStatuspage(s, s.Maintenances.Take(50), url) });
        Map("scheduled-maintenances/upcoming", (s, url) => new { scheduled_maintenances = ToStatuspage(s, s.UpcomingMaintenances, url) });
        Map("scheduled-maintenances/active", (s, url) => new { scheduled_maintenances = ToStatuspage(s, s.ActiveMaintenances, url) });
        routes.MapMethods("/api/uptime.json", Reading, (HttpContext context, SnapshotStore store) =>
            context.SendAsync(StatusJson.Bytes(Uptime(store.Current)), Json, ShortCache, everywhere: true));
        routes.MapMethods("/api/latency.json", Reading, (HttpContext context, SnapshotStore store) =>
            context.SendAsync(StatusJson.Bytes(Latency(store.Current)), Json, ShortCache, everywhere: true));
        routes.MapMethods("/history.atom", Reading, (HttpContext context, SnapshotStore store, PublicAddress address, IOptions<StatusOptions> options) =>
            context.SendAsync(HistoryFeeds.Atom(store.Current, options.Value.Name, address.Url), "application/atom+xml; charset=utf-8", "public, max-age=60", everywhere: true));
        routes.MapMethods("/history.rss", Reading, (HttpContext context, SnapshotStore store, PublicAddress address, IOptions<StatusOptions> options) =>
            context.SendAsync(HistoryFeeds.Rss(store.Current, options.Value.Name, address.Url), "application/rss+xml; charset=utf-8", "public, max-age=60", everywhere: true));
        routes.MapMethods("/badge.svg", Reading, BadgeAsync);
        routes.MapMethods("/metrics", Reading, (HttpContext context, MetricsText metrics) =>
            context.SendAsync(System.Text.Encoding.UTF8.GetBytes(metrics.Render()), "text/plain; version=0.0.4; charset=utf-8", "no-store")).On(page: true, admin: true);
        routes.MapGet("/events", EventsAsync);

        void Map(string path, Func<Snapshot, string, object> make) => routes.MapMethods($"/api/v2/{path}.json", Reading,
            (HttpContext context, SnapshotStore store, PublicAddress address, IOptions<StatusOptions> options) =>
                context.SendAsync(WithPage(store.Current, address.Url, options.Value.Name, make), Json, ShortCache, everywhere: true));
    }

    /// <summary>The content of <c>summary.json</c>, which is also written to a file.</summary>
    public static byte[] Summary(Snapshot s, string url, string name) => WithPage(s, url, name, (snapshot, address) => new
    {
        status = Status(snapshot),
        components = snapshot.Components.Select(StatuspageMapper.ToV2),
        incidents = ToStatuspage(snapshot, snapshot.OpenIncidents, address),
        scheduled_maintenances = ToStatuspage(snapshot, snapshot.ActiveMaintenances.Concat(snapshot.UpcomingMaintenances), address),
    });

    private static byte[] WithPage(Snapshot s, string url, string name, Func<Snapshot, string, object> make)
    {
        var page = new PageV2(StatuspageMapper.PageId, name, url, "Etc/UTC", s.At);
        var answer = new System.Text.Json.Nodes.JsonObject { ["page"] = System.Text.Json.JsonSerializer.SerializeToNode(page, StatusJson.Options) };
        foreach (var (key, value) in System.Text.Json.JsonSerializer.SerializeToNode(make(s, url), StatusJson.Options)!.AsObject().ToArray()) answer[key] = value!.DeepClone();
        return System.Text.Encoding.UTF8.GetBytes(answer.ToJsonString());
    }

    private static StatusV2 Status(Snapshot s) => new(StatuspageMapper.Code(s.Indicator), s.Headline);

    private static IEnumerable<IncidentV2> ToStatuspage(Snapshot s, IEnumerable<Incident> incidents, string url) =>
        incidents.OrderByDescending(i => i.CreatedAt).Select(i => StatuspageMapper.ToV2(i, s.Components, url)).ToArray();

    private static object Uptime(Snapshot s) => new
    {
        at = s.At,
        formula = "uptime = 1 - (major + w * partial) / (window - maintenance - no_data)",
        w = s.Histories.Values.FirstOrDefault()?.Figure.PartialWeight,
        components = s.Measured.Select(c => new
        {
            id = c.Id,
            name = c.Name,
            status = c.Status.Code,
            uptime = s.Histories[c.Id].Figure.Share,
            uptime_text = s.Histories[c.Id].Figure.Text,
            seconds = Seconds(s.Histories[c.Id].Figure),
            days = s.Histories[c.Id].Days.Select(d => new { day = d.Day, worst = d.Worst.Code, uptime = d.Figure.Share, seconds = Seconds(d.Figure) }),
            intervals = s.Histories[c.Id].Line.Select(i => new { status = i.Status.Code, from = i.From, to = i.To }),
        }),
    };

    private static object Seconds(Podflare.Uptime.UptimeFigure f) => new
    {
        window = f.Window,
        major = f.Major,
        partial = f.Partial,
        degraded = f.Degraded,
        maintenance = f.Maintenance,
        no_data = f.NoData,
    };

    private static object Latency(Snapshot s) => new
    {
        at = s.At,
        series = s.Charts.Select(c => new
        {
            id = c.Series,
            name = c.Name,
            last_24_hours = c.Day.Select(Point),
            last_7_days = c.Week.Select(Point),
            last_90_days = c.Quarter.Select(Point),
        }),
    };

    private static object Point(Podflare.Uptime.LatencyPoint p) => new { at = p.At, count = p.Count, p50_ms = p.P50, p95_ms = p.P95 };

    private static Task BadgeAsync(HttpContext context, SnapshotStore store, IOptions<StatusOptions> options, string? component)
    {
        var s = store.Current;
        if (component is null) return Send(Badge.Render(options.Value.Name, s.Overall, s.Headline));
        if (s.Components.FirstOrDefault(c => c.Id == component) is { } one) return Send(Badge.Render(one.Name, one.Status, one.Status.Label));
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;

        Task Send(string svg) => context.SendAsync(System.Text.Encoding.UTF8.GetBytes(svg), "image/svg+xml", ShortCache, everywhere: true);
    }

    /// <summary>Sends one event for each change. A reader that missed changes gets one immediately.</summary>
    private static async Task EventsAsync(HttpContext context, SnapshotStore store, EventStreamLimiter readers, IHostApplicationLifetime life, TimeProvider time)
    {
        var address = ClientAddress.GetLimitKey(context);
        if (!readers.TryAcquire(address))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "60";
            return;
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping);
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store, no-transform";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            context.Response.Headers.AccessControlAllowOrigin = "*";
            await context.Response.WriteAsync("retry: 3000\n\n", either.Token);
            await context.Response.Body.FlushAsync(either.Token);
            var last = long.TryParse(context.Request.Headers["Last-Event-ID"], out var id) ? id : store.Current.Change;
            while (true)
            {
                var next = store.NextAsync();
                if (store.Current.Change is var change && change != last)
                {
                    await context.Response.WriteAsync(FormattableString.Invariant($"id: {change}\nevent: change\ndata: {{\"change\":{change}}}\n\n"), either.Token);
                    last = change;
                }
                else
                {
                    try
                    {
                        await next.WaitAsync(CommentStep, time, either.Token);
                        continue;
                    }
                    catch (TimeoutException)
                    {
                        await context.Response.WriteAsync(": keep-alive\n\n", either.Token);
                    }
                }

                await context.Response.Body.FlushAsync(either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader disconnected, or the process is stopping.
        }
        finally
        {
            readers.Release(address);
        }
    }
}
