using System.Net;
using System.Text.RegularExpressions;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>What the page says about incidents and maintenance must match what happened.</summary>
public sealed partial class PageTextTests : IAsyncLifetime
{
    private static readonly string[] OnApi = ["api"];

    private readonly StatusService _status = new(Settings.Quiet());

    public async ValueTask InitializeAsync()
    {
        await _status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
    }

    public ValueTask DisposeAsync() => _status.DisposeAsync();

    [Fact]
    public async Task The_page_does_not_say_that_there_was_no_incident_while_one_is_open()
    {
        Assert.Contains("No incidents in the last 7 days.", await TextAsync("/"), StringComparison.Ordinal);
        var id = (await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" }))["id"]!.GetValue<string>();
        var open = await TextAsync("/");
        Assert.DoesNotContain("No incident", open, StringComparison.Ordinal);
        Assert.Contains("No other incidents in the last 7 days.", open, StringComparison.Ordinal);
        // An incident without components changes no status, but the headline must not contradict it.
        Assert.DoesNotContain("All systems operational", open, StringComparison.Ordinal);
        Assert.Contains("An incident is open", open, StringComparison.Ordinal);
        await _status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "b", status = "monitoring" });
        Assert.Contains("An incident is being monitored", await TextAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maintenance_shows_when_it_was_and_not_when_it_was_planned()
    {
        var id = await ScheduleAsync("Began early");
        Assert.Contains("Planned: 2100-01-01 10:00 UTC to 2100-01-01 12:00 UTC, 2 h", await TextAsync($"/incidents/{id}"), StringComparison.Ordinal);
        await _status.ActAsync($"/admin/api/maintenances/{id}/start", new { });
        var started = await TextAsync($"/incidents/{id}");
        Assert.Matches(@"Since 20\d\d-\d\d-\d\d \d\d:\d\d UTC, planned until 2100-01-01 12:00 UTC", started);
        Assert.DoesNotContain("2100-01-01 10:00", started, StringComparison.Ordinal);
        await _status.ActAsync($"/admin/api/maintenances/{id}/complete", new { });
        var completed = await TextAsync($"/incidents/{id}");
        Assert.DoesNotContain("2100", completed, StringComparison.Ordinal);
        Assert.Matches(@"(20\d\d-\d\d-\d\d \d\d:\d\d UTC) to 20\d\d-\d\d-\d\d \d\d:\d\d UTC, (under 1 s|\d+ s)", completed);

        var cancelled = await ScheduleAsync("Cancelled");
        await _status.ActAsync($"/admin/api/maintenances/{cancelled}/complete", new { });
        var text = await TextAsync($"/incidents/{cancelled}");
        Assert.Contains("Cancelled. Planned: 2100-01-01 10:00 UTC to 2100-01-01 12:00 UTC, 2 h", text, StringComparison.Ordinal);
        Assert.Contains("This maintenance was cancelled.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_uptime_figure_with_little_data_says_how_long_was_measured()
    {
        var from = TimeProvider.System.GetUtcNow().AddMinutes(-125);
        await _status.ActAsync("/admin/api/components/api/set", new { status = "operational", from });
        Assert.Contains("100.00 % uptime, measured for 2 h", await TextAsync("/"), StringComparison.Ordinal);
    }

    private async Task<string> ScheduleAsync(string title) => (await _status.ActAsync("/admin/api/maintenances", new
    {
        title,
        body = "b",
        components = OnApi,
        scheduled_for = "2100-01-01T10:00:00Z",
        scheduled_until = "2100-01-01T12:00:00Z",
    }))["id"]!.GetValue<string>();

    private async Task<string> TextAsync(string path) =>
        WebUtility.HtmlDecode(Tag().Replace(await _status.Http.GetStringAsync(path, TestContext.Current.CancellationToken), ""));

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
