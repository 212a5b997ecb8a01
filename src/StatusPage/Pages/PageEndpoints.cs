using Microsoft.AspNetCore.Mvc;
using Podflare.Http;
using Podflare.Probes;
using Podflare.Snapshots;

namespace Podflare.Pages;

internal static class PageEndpoints
{
    private static readonly string[] Reading = ["GET", "HEAD"];

    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/", Reading, (HttpContext context, SnapshotStore store, HealthMonitor monitor, Layout layout) => Send(context, IndexPage.Render(store.Current, layout, monitor.LastCheck)));
        routes.MapMethods("/history", Reading, (HttpContext context, SnapshotStore store, Layout layout, [FromQuery] string? page) =>
            Send(context, HistoryPage.Render(store.Current, layout, int.TryParse(page, out var number) ? number : 1)));
        routes.MapMethods("/incidents/{id}", Reading, IncidentAsync);
        routes.MapMethods("/components/{id}", Reading, ComponentAsync);
        routes.MapMethods("/assets/{hash}/{name}", Reading, AssetAsync);
        routes.MapMethods("/icon.svg", Reading, (HttpContext context, Assets assets) => context.SendAsync(assets.Logo.Content, assets.Logo.Type, "public, max-age=86400"));
        routes.MapMethods("/favicon.ico", Reading, (HttpContext context, Assets assets) => context.SendAsync(assets.Logo.Content, assets.Logo.Type, "public, max-age=86400"));
        routes.MapMethods("/robots.txt", Reading, (HttpContext context) =>
            context.SendAsync("User-agent: *\nDisallow: /manage\nDisallow: /confirm\nDisallow: /unsubscribe\n"u8.ToArray(), "text/plain; charset=utf-8", "public, max-age=86400"));
    }

    /// <summary>Renders a page with one message, for example for an error.</summary>
    public static string Message(Layout layout, string title, string text) => layout.Page(
        $"{title} | {layout.Name} status", Html.Of($"<h1>{title}</h1><p>{text}</p><p><a href=\"/\">Back to the status page</a></p>"), robots: false);

    private static Task Send(HttpContext context, string html) =>
        context.SendAsync(System.Text.Encoding.UTF8.GetBytes(html), "text/html; charset=utf-8", "no-cache");

    private static Task IncidentAsync(HttpContext context, string id, SnapshotStore store, Layout layout)
    {
        var s = store.Current;
        var incident = s.Incidents.Concat(s.Maintenances).FirstOrDefault(i => i.Id == id);
        return incident is null
            ? context.SendPageAsync(Message(layout, "Not found", "There is no such incident or maintenance."), 404)
            : Send(context, HistoryPage.RenderIncident(s, layout, incident));
    }

    private static Task ComponentAsync(HttpContext context, string id, SnapshotStore store, Layout layout)
    {
        var s = store.Current;
        return s.Measured.FirstOrDefault(c => c.Id == id) is { } component
            ? Send(context, CalendarPage.Render(s, layout, component))
            : context.SendPageAsync(Message(layout, "Not found", "There is no such component."), 404);
    }

    private static Task AssetAsync(HttpContext context, string hash, string name, Assets assets, Layout layout) => assets.Find(hash, name) is { } file
        ? context.SendAsync(file.Content, file.Type, "public, max-age=31536000, immutable")
        : context.SendPageAsync(Message(layout, "Not found", "There is no such file."), 404);
}
