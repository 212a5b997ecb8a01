using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>The admin API: commands of operators, and what is rejected.</summary>
public sealed class AdminTests : IAsyncLifetime
{
    private static readonly string[] Guarded = ["/admin/api/status", "/admin/api/subscribers", "/admin/api/audit"];

    private readonly StatusService _status = new(Settings.Quiet().With(("Status__Incidents__HumanQuietSeconds", "60")));

    public async ValueTask InitializeAsync()
    {
        await _status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
    }

    public ValueTask DisposeAsync() => _status.DisposeAsync();

    [Fact]
    public Task Without_a_valid_token_every_route_returns_401() => Each.OfAsync(
        (string?[])
        [
            null,
            "Bearer",
            "Bearer wrong",
            "Basic b3BlcmF0b3I6eA==",
        ],
        async header =>
        {
            // One of the paths suffices for a wrong token: the sixth within a minute would be refused in another way.
            foreach (var path in header is null ? Guarded : Guarded[..1])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_status.Admin, path));
                if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);
                using var response = await _status.Http.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (response.StatusCode, response.Headers.WwwAuthenticate.Single().Scheme));
            }
        });

    [Fact]
    public async Task After_five_wrong_tokens_an_address_is_refused_whatever_it_sends()
    {
        using var guesser = new HttpClient { BaseAddress = _status.Admin };
        guesser.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "wrong");
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await guesser.GetAsync("/admin/api/status", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }

        using var sixth = await guesser.GetAsync("/admin/api/status", TestContext.Current.CancellationToken);
        using var right = await _status.Operator.GetAsync("/admin/api/status", TestContext.Current.CancellationToken);
        using var page = await _status.Http.GetAsync("/", TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.TooManyRequests, "60"), (sixth.StatusCode, sixth.Headers.RetryAfter?.ToString()));
        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.OK), (right.StatusCode, page.StatusCode));
    }

    [Fact]
    public async Task The_admin_listener_serves_no_pages()
    {
        using var response = await _status.Operator.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public Task Invalid_input_is_rejected_and_changes_nothing() => Each.OfAsync(
        ((string Path, string Body)[])
        [
            ("incidents", ""),
            ("incidents", "null"),
            ("incidents", "[]"),
            ("incidents", "{"),
            ("incidents", "{\"title\":\"t\"}"),
            ("incidents", "{\"title\":1,\"body\":\"b\"}"),
            ("incidents", "{\"title\":\"\",\"body\":\"b\"}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"status\":\"on fire\"}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"status\":\"scheduled\"}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"components\":{\"nothing\":\"major_outage\"}}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"components\":{\"api\":\"no_data\"}}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"components\":[\"api\"]}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"notifyy\":false}"),
            ("incidents", "{\"title\":\"t\",\"title\":\"u\",\"body\":\"b\"}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"started_at\":\"2199-01-01T00:00:00Z\"}"),
            ("incidents", "{\"title\":\"t\",\"body\":\"b\",\"started_at\":\"yesterday\"}"),
            ("incidents", "{\"title\":\"t\\u0000\",\"body\":\"b\"}"),
            ("incidents", "{\"title\":\"\\ud800\",\"body\":\"b\"}"),
            ("maintenances", "{\"title\":\"t\",\"body\":\"b\",\"components\":[],\"scheduled_for\":\"2100-01-01T00:00Z\",\"scheduled_until\":\"2100-01-01T01:00Z\"}"),
            ("maintenances", "{\"title\":\"t\",\"body\":\"b\",\"components\":[\"api\"],\"scheduled_for\":\"2100-01-01T02:00Z\",\"scheduled_until\":\"2100-01-01T01:00Z\"}"),
            ("maintenances", "{\"title\":\"t\",\"body\":\"b\",\"components\":[\"api\"],\"scheduled_for\":\"2001-01-01T00:00Z\",\"scheduled_until\":\"2001-01-01T01:00Z\"}"),
            ("maintenances", "{\"title\":\"t\",\"body\":\"b\",\"components\":[7],\"scheduled_for\":\"2100-01-01T00:00Z\",\"scheduled_until\":\"2100-01-01T01:00Z\"}"),
            ("components/api/set", "{\"status\":\"no_data\"}"),
            ("components/api/set", "{}"),
        ],
        async one =>
        {
            var (path, body) = one;
            using var response = await PostAsync(path, body);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, answer["code"]!.GetValue<string>()));
            Assert.Empty(_status.Rows("SELECT 1 FROM incident UNION ALL SELECT 1 FROM audit"));
        });

    [Fact]
    public Task Unknown_objects_return_404() => Each.OfAsync(
        ((string Path, string Body)[])
        [
            ("incidents/inc_0/updates", "{\"body\":\"b\"}"),
            ("incidents/inc_0/handback", "{}"),
            ("maintenances/mnt_0/start", "{}"),
            ("components/nothing/set", "{\"status\":\"operational\"}"),
            ("deliveries/dlv_0/replay", ""),
        ],
        async one =>
        {
            var (path, body) = one;
            using var response = await PostAsync(path, body);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        });

    [Fact]
    public async Task A_body_that_is_too_large_returns_413()
    {
        using var response = await PostAsync("incidents", "{\"title\":\"t\",\"body\":\"" + new string('x', 70_000) + "\"}");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task The_same_idempotency_key_executes_once()
    {
        const string body = "{\"title\":\"t\",\"body\":\"b\"}";
        using var first = await PostAsync("incidents", body, "key-1");
        using var again = await PostAsync("incidents", body, "key-1");
        using var other = await PostAsync("incidents", "{\"title\":\"u\",\"body\":\"b\"}", "key-1");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.UnprocessableEntity), (first.StatusCode, again.StatusCode, other.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Single(_status.Rows("SELECT 1 FROM incident"));
        Assert.Single(_status.Rows("SELECT 1 FROM audit"));
    }

    [Fact]
    public async Task Backdating_and_editing_recompute_uptime_and_keep_the_previous_version()
    {
        // An hour of major outage, half of which becomes a partial outage: simple enough to calculate manually.
        var now = TimeProvider.System.GetUtcNow();
        var opened = await _status.ActAsync("/admin/api/incidents", new { title = "Past", body = "First words.", started_at = now.AddHours(-2), components = new { api = "major_outage" } });
        var id = opened["id"]!.GetValue<string>();
        await _status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "Better.", status = "identified", display_at = now.AddMinutes(-90), components = new { api = "partial_outage" } });
        await _status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "Over.", status = "resolved", display_at = now.AddMinutes(-60) });
        Assert.Equal((1800, 1800), await SecondsAsync());

        var first = opened["updates"]![0]!["id"]!.GetValue<string>();
        using var edited = await _status.Operator.PatchAsync(
            $"/admin/api/incidents/{id}/updates/{first}", new StringContent(new JsonObject { ["body"] = "Corrected.", ["display_at"] = now.AddHours(-3) }.ToJsonString(), Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, edited.StatusCode);
        Assert.Equal((5400, 1800), await SecondsAsync());
        var whole = JsonNode.Parse(await edited.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("First words.", whole["updates"]!.AsArray().Single(u => u!["id"]!.GetValue<string>() == first)!["edits"]![0]!["body"]!.GetValue<string>());
        var page = await _status.Http.GetStringAsync($"/incidents/{id}", TestContext.Current.CancellationToken);
        Assert.Contains("Corrected.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("First words.", page, StringComparison.Ordinal);

        async Task<(int Major, int Partial)> SecondsAsync()
        {
            var seconds = (await _status.GetAsync("/api/uptime.json"))["components"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == "api")!["seconds"]!;
            return ((int)Math.Round(seconds["major"]!.GetValue<double>()), (int)Math.Round(seconds["partial"]!.GetValue<double>()));
        }
    }

    [Fact]
    public async Task A_manually_set_status_applies_until_it_is_released()
    {
        await _status.ActAsync("/admin/api/components/api/set", new { status = "degraded_performance" });
        Assert.Equal("degraded_performance", await StatusAsync());
        await _status.ActAsync("/admin/api/components/api/release", new { });
        Assert.NotEqual("degraded_performance", await StatusAsync());

        async Task<string> StatusAsync() => (await _status.GetAsync("/api/v2/components.json"))["components"]![0]!["status"]!.GetValue<string>();
    }

    [Fact]
    public async Task A_group_is_created_shown_and_deleted()
    {
        await _status.ActAsync("/admin/api/components/api/group", new { name = "Core <b>" });
        var components = (await _status.GetAsync("/api/v2/components.json"))["components"]!.AsArray();
        var group = components.Single(c => c!["group"]!.GetValue<bool>())!;
        Assert.Equal(group["id"]!.GetValue<string>(), components.Single(c => c!["id"]!.GetValue<string>() == "api")!["group_id"]!.GetValue<string>());
        Assert.Contains("Core &lt;b&gt;", await _status.Http.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await _status.ActAsync("/admin/api/components/api/group", new { });
        Assert.Equal(4, (await _status.GetAsync("/api/v2/components.json"))["components"]!.AsArray().Count);
    }

    [Fact]
    public async Task Maintenance_starts_and_ends_manually_and_by_schedule()
    {
        var now = TimeProvider.System.GetUtcNow();
        var body = new { title = "Work", body = "b", components = (string[])["api"], scheduled_for = now.AddDays(1), scheduled_until = now.AddDays(1).AddHours(1) };
        var id = (await _status.ActAsync("/admin/api/maintenances", body))["id"]!.GetValue<string>();
        await _status.ActAsync($"/admin/api/maintenances/{id}/start", new { });
        Assert.Equal("under_maintenance", (await _status.GetAsync("/api/v2/components.json"))["components"]![0]!["status"]!.GetValue<string>());
        Assert.Single((await _status.GetAsync("/api/v2/scheduled-maintenances/active.json"))["scheduled_maintenances"]!.AsArray());
        using (var twice = await PostAsync($"maintenances/{id}/start", "{}")) Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        await _status.ActAsync($"/admin/api/maintenances/{id}/complete", new { });
        Assert.NotEqual("under_maintenance", (await _status.GetAsync("/api/v2/components.json"))["components"]![0]!["status"]!.GetValue<string>());

        var soon = TimeProvider.System.GetUtcNow();
        var timed = (await _status.ActAsync("/admin/api/maintenances", body with { scheduled_for = soon.AddSeconds(1), scheduled_until = soon.AddSeconds(3) }))["id"]!.GetValue<string>();
        await StageAsync(timed, "InProgress");
        // The probed address does not respond, so the maintenance is not completed.
        await StageAsync(timed, "Verifying");

        Task StageAsync(string maintenance, string stage) =>
            Until.TrueAsync(() => Task.FromResult((string)_status.Rows($"SELECT stage FROM incident WHERE id = '{maintenance}'")[0][0]! == stage), 15, $"the maintenance is {stage}");
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/admin/api/{path}") { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await _status.Operator.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
