using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>What programs read: version 2 of the API, feeds, badge, metrics and live events.</summary>
public sealed class ReadingTests : IAsyncLifetime
{
    private static readonly string[] IncidentFields =
        ["id", "name", "status", "impact", "shortlink", "created_at", "updated_at", "started_at", "monitoring_at", "resolved_at", "page_id", "components", "incident_updates"];

    private readonly StatusService _status = new(Settings.Quiet());
    private string _incident = "";

    public async ValueTask InitializeAsync()
    {
        await _status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
        _incident = (await _status.ActAsync("/admin/api/incidents", new { title = "Trouble <b>", body = "A & b", components = new { api = "partial_outage" } }))["id"]!.GetValue<string>();
        var now = TimeProvider.System.GetUtcNow();
        await _status.ActAsync("/admin/api/maintenances", new { title = "Work", body = "b", components = (string[])["api"], scheduled_for = now.AddDays(1), scheduled_until = now.AddDays(2) });
    }

    public ValueTask DisposeAsync() => _status.DisposeAsync();

    [Fact]
    public Task Version_2_has_exactly_its_fields() => Each.OfAsync(
        ((string Path, string Fields)[])
        [
            ("summary", "page status components incidents scheduled_maintenances"),
            ("status", "page status"),
            ("components", "page components"),
            ("incidents", "page incidents"),
            ("incidents/unresolved", "page incidents"),
            ("scheduled-maintenances", "page scheduled_maintenances"),
            ("scheduled-maintenances/upcoming", "page scheduled_maintenances"),
            ("scheduled-maintenances/active", "page scheduled_maintenances"),
        ],
        async one =>
        {
            var (path, fields) = one;
            using var response = await _status.Http.GetAsync($"/api/v2/{path}.json", TestContext.Current.CancellationToken);
            Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
            Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.CacheControl!.MaxAge);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject();
            Assert.Equal(fields, Keys(answer));
            Assert.Equal("id name url time_zone updated_at", Keys(answer["page"]!));
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", answer["page"]!["updated_at"]!.GetValue<string>());
            if (answer["status"] is { } status) Assert.Equal(("indicator description", "major"), (Keys(status), status["indicator"]!.GetValue<string>()));
            foreach (var component in answer["components"]?.AsArray() ?? [])
                Assert.Equal("id name status created_at updated_at position description showcase start_date group_id page_id group only_show_if_degraded", Keys(component!));
            foreach (var incident in answer["incidents"]?.AsArray() ?? [])
            {
                Assert.Equal(string.Join(' ', IncidentFields), Keys(incident!));
                Assert.Equal("id incident_id status body created_at display_at updated_at affected_components deliver_notifications", Keys(incident!["incident_updates"]![0]!));
                Assert.Equal("code name old_status new_status", Keys(incident["incident_updates"]![0]!["affected_components"]![0]!));
            }

            foreach (var maintenance in answer["scheduled_maintenances"]?.AsArray() ?? [])
            {
                Assert.Equal(string.Join(' ', IncidentFields) + " scheduled_for scheduled_until", Keys(maintenance!));
                Assert.Equal(("maintenance", "scheduled"), (maintenance!["impact"]!.GetValue<string>(), maintenance["status"]!.GetValue<string>()));
            }
        });

    [Fact]
    public async Task A_client_that_has_the_current_content_gets_304()
    {
        using var first = await _status.Http.GetAsync("/api/v2/incidents.json", TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v2/incidents.json");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await _status.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        using var head = await _status.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
    }

    [Theory]
    [InlineData("/history.atom")]
    [InlineData("/history.rss")]
    public async Task Feeds_keep_one_entry_for_each_incident(string path)
    {
        var before = Ids(XDocument.Parse(await _status.Http.GetStringAsync(path, TestContext.Current.CancellationToken)));
        await _status.ActAsync($"/admin/api/incidents/{_incident}/updates", new { body = "More & more <i>" });
        var after = Ids(XDocument.Parse(await _status.Http.GetStringAsync(path, TestContext.Current.CancellationToken)));
        Assert.Equal(before.Order(), after.Order());
        Assert.Equal(2, after.Length);

        static string[] Ids(XDocument feed) => [.. feed.Descendants().Where(e => e.Name.LocalName is "guid" || (e.Name.LocalName == "id" && e.Parent!.Name.LocalName == "entry")).Select(e => e.Value)];
    }

    [Fact]
    public async Task A_badge_shows_the_status_as_text()
    {
        Assert.Contains("API: Partial outage", await _status.Http.GetStringAsync("/badge.svg?component=api", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("Podflare: Partial outage", await _status.Http.GetStringAsync("/badge.svg", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var unknown = await _status.Http.GetAsync("/badge.svg?component=%3Cscript%3E", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Metrics_report_the_status_of_each_component()
    {
        var metrics = await _status.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("podflare_status_component{component=\"api\",status=\"partial_outage\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("podflare_status_open_incidents 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_of_events_receives_each_change_and_those_that_it_missed()
    {
        using var first = await OpenAsync(null);
        using var reader = new StreamReader(await first.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await _status.ActAsync($"/admin/api/incidents/{_incident}/updates", new { body = "x" });
        var id = await NextAsync(reader);
        using var late = await OpenAsync((id - 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var lateReader = new StreamReader(await late.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.True(await NextAsync(lateReader) >= id);

        async Task<HttpResponseMessage> OpenAsync(string? last)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/events");
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
            if (last is not null) request.Headers.Add("Last-Event-ID", last);
            var response = await _status.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            return response;
        }

        static async Task<long> NextAsync(StreamReader reader)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            while (await reader.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal)) return long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
            }

            throw new EndOfStreamException();
        }
    }

    [Fact]
    public Task Unusual_paths_get_a_plain_response_with_security_headers() => Each.OfAsync(
        ((string Path, HttpStatusCode Expected)[])
        [
            ("/nowhere", HttpStatusCode.NotFound),
            ("/incidents/../../etc/passwd", HttpStatusCode.NotFound),
            ("/incidents/inc_%27%20OR%201%3D1", HttpStatusCode.NotFound),
            ("/api/v2/nothing.json", HttpStatusCode.NotFound),
            ("/assets/0/../../status.db", HttpStatusCode.NotFound),
            ("/history?page=-1", HttpStatusCode.OK),
            ("/history?page=99999999999999999999", HttpStatusCode.OK),
            ("/history?page=%00", HttpStatusCode.OK),
            ("/manage?t=sub_1.x", HttpStatusCode.NotFound),
            ("/unsubscribe?t=sub_1.x", HttpStatusCode.NotFound),
            ("/admin/api/status", HttpStatusCode.NotFound),
            ("/admin/api/incidents", HttpStatusCode.NotFound),
        ],
        async one =>
        {
            var (path, expected) = one;
            using var response = await _status.Http.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(expected, response.StatusCode);
            Assert.StartsWith("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.NotEmpty(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        });

    [Fact]
    public async Task Static_copies_for_a_proxy_are_written()
    {
        var folder = Path.Combine(_status.Folder, "public");
        await Until.TrueAsync(() => Task.FromResult(File.Exists(Path.Combine(folder, "summary.json")) && File.ReadAllText(Path.Combine(folder, "summary.json")).Contains(_incident, StringComparison.Ordinal)), 10, "the copy is new");
        Assert.Contains("Trouble &lt;b&gt;", await File.ReadAllTextAsync(Path.Combine(folder, "index.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.True(Directory.GetFiles(Path.Combine(folder, "assets"), "site.css", SearchOption.AllDirectories).Length == 1);
    }

    private static string Keys(JsonNode node) => string.Join(' ', node.AsObject().Select(f => f.Key));
}
