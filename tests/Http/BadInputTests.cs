using System.Net.Http.Headers;

namespace Podflare;

public sealed class BadInputTests(SharedCluster shared)
{
    private const string Unknown = "sbx_00000001ffffffffffffffffffffffff";
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("/exec", "not json", "body")]
    [InlineData("/exec", "", "body")]
    [InlineData("/exec", "{}", "code")]
    [InlineData("/exec", "{\"code\":\"\"}", "code")]
    [InlineData("/exec", "{\"code\":\"\\ud800\"}", "code")]
    [InlineData("/exec", "{\"code\":\"1\",\"language\":\"ruby\"}", "language")]
    [InlineData("/exec", "{\"code\":\"1\",\"timeout_seconds\":\"soon\"}", "timeout_seconds")]
    [InlineData("/exec?heartbeat=0", "{\"code\":\"1\"}", "heartbeat")]
    [InlineData("/exec?heartbeat=x", "{\"code\":\"1\"}", "heartbeat")]
    [InlineData(null, "[]", "body")]
    [InlineData(null, "{\"timeout_seconds\":0}", "timeout_seconds")]
    [InlineData(null, "{\"metadata\":{\"a\":1}}", "metadata.a")]
    public async Task A_body_that_is_wrong_names_the_field(string? action, string body, string field)
    {
        var path = action is null ? "/v1/sandboxes" : $"/v1/sandboxes/{_cluster.World.Add()}{action}";

        var problem = await (await _cluster.Client.SendAsync("POST", path, body)).AssertProblemAsync(400, "invalid_request");

        Assert.NotEqual(0, problem.GetProperty("errors").GetProperty(field).GetArrayLength());
        Assert.Contains(field, problem.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?cursor=abc", "cursor")]
    [InlineData("?state=x", "state")]
    [InlineData("/{run}/events?after=-1", "after")]
    [InlineData("/{run}/events?after=x", "after")]
    [InlineData("/{run}/events?follow=maybe", "follow")]
    [InlineData("/{run}/events?after=1&after=2", "after")]
    public async Task A_query_that_is_wrong_names_the_parameter(string query, string field)
    {
        var (sandbox, run) = await EndedRunAsync();
        var path = query.StartsWith('?') ? $"/v1/sandboxes{query}" : $"/v1/sandboxes/{sandbox}/runs{query.Replace("{run}", run, StringComparison.Ordinal)}";

        var problem = await (await _cluster.Client.SendAsync("GET", path)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData("Idempotency-Key", "")]
    [InlineData("Idempotency-Key", "two words")]
    [InlineData("Idempotency-Key", "k\u00c3\u00a9y")]
    [InlineData("Idempotency-Key", "256")]
    public async Task An_idempotency_key_that_is_wrong_is_named(string name, string value)
    {
        if (value == "256") value = new string('k', 256);
        foreach (var path in new[] { "/v1/sandboxes", $"/v1/sandboxes/{_cluster.World.Add()}/exec" })
        {
            using var response = await RawHttp.SendAsync(_cluster, $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\n{name}: {value}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");

            var problem = await response.AssertProblemAsync(400, "invalid_request");
            Assert.True(problem.GetProperty("errors").TryGetProperty(name, out _));
        }
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1.end.end")]
    public async Task A_last_event_id_that_is_wrong_is_named(string id)
    {
        var (sandbox, run) = await EndedRunAsync();

        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{sandbox}/runs/{run}/events", null, true, ("Accept", "text/event-stream"), ("Last-Event-ID", id));

        Assert.True((await response.AssertProblemAsync(400, "invalid_request")).GetProperty("errors").TryGetProperty("Last-Event-ID", out _));
    }

    [Theory]
    [InlineData("GET", "/v1/sandboxes/{id}")]
    [InlineData("DELETE", "/v1/sandboxes/{id}")]
    [InlineData("GET", "/v1/sandboxes/{id}/replay")]
    [InlineData("POST", "/v1/sandboxes/{id}/exec")]
    [InlineData("GET", "/v1/sandboxes/{id}/runs/run_00000000000000000000000000000000")]
    [InlineData("GET", "/v1/sandboxes/{id}/runs/run_00000000000000000000000000000000/events")]
    [InlineData("POST", "/v1/sandboxes/{id}/runs/run_00000000000000000000000000000000/interrupt")]
    [InlineData("POST", "/compat/podflare/v1/sandboxes/{id}/exec")]
    public async Task An_id_that_is_malformed_unknown_or_anothers_is_not_found(string method, string path)
    {
        var anothers = _cluster.World.Add(new("acme")).Value;
        foreach (var id in new[] { "x", "sbx_1", Unknown.ToUpperInvariant(), Unknown + "0", "sbx_%2f", Unknown, anothers })
        {
            var body = path.EndsWith("exec", StringComparison.Ordinal) ? Replies.Script("out 1") : null;
            var response = await _cluster.Client.SendAsync(method, path.Replace("{id}", id, StringComparison.Ordinal), body);

            var problem = await response.AssertProblemAsync(404, "sandbox_not_found");
            Assert.Equal("sandbox not found", problem.GetProperty("error").GetString());
            Assert.Contains($"'{id}'", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/events")]
    [InlineData("GET", "/events?follow=true")]
    [InlineData("POST", "/interrupt")]
    public async Task A_run_that_is_malformed_or_unknown_is_not_found(string method, string action)
    {
        var sandbox = _cluster.World.Add();
        foreach (var run in new[] { "x", "run_1", "run_00000000000000000000000000000000" })
        {
            var problem = await (await _cluster.Client.SendAsync(method, $"/v1/sandboxes/{sandbox}/runs/{run}{action}")).AssertProblemAsync(404, "run_not_found");
            Assert.Contains($"'{run}'", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_unknown_template_is_not_found() =>
        await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{\"template\":\"unknown\"}")).AssertProblemAsync(404, "template_not_found");

    [Theory]
    [InlineData("GET", "/", 404, "not_found")]
    [InlineData("GET", "/v1/nothing", 404, "not_found")]
    [InlineData("GET", "/v1/sandboxes/" + Unknown + "/folders/x", 404, "not_found")]
    [InlineData("GET", "/compat/podflare/v1/sandboxes/" + Unknown + "/runs/run_00000000000000000000000000000000", 404, "not_found")]
    [InlineData("PUT", "/v1/sandboxes", 405, "method_not_allowed")]
    [InlineData("GET", "/v1/sandboxes/" + Unknown + "/exec", 405, "method_not_allowed")]
    [InlineData("GET", "/compat/podflare/v1/sandboxes", 405, "method_not_allowed")]
    [InlineData("GET", "/compat/podflare/v1/sandboxes/" + Unknown, 405, "method_not_allowed")]
    [InlineData("POST", "/livez", 405, "method_not_allowed")]
    public async Task An_unknown_route_or_method_is_a_problem_too(string method, string path, int status, string code) =>
        await (await _cluster.Client.SendAsync(method, path)).AssertProblemAsync(status, code);

    [Theory]
    [InlineData("POST", "/sandboxes/{id}/fork")]
    [InlineData("POST", "/sandboxes/{id}/merge_into/{id}")]
    [InlineData("POST", "/spaces/s1/resume")]
    [InlineData("DELETE", "/spaces/s1")]
    public async Task A_published_route_that_is_later_work_is_not_offered(string method, string path)
    {
        var id = _cluster.World.Add().Value;
        foreach (var mount in new[] { "", "/compat/podflare" })
            await (await _cluster.Client.SendAsync(method, $"{mount}/v1{path.Replace("{id}", id, StringComparison.Ordinal)}", "{}")).AssertProblemAsync(501, "not_offered");
    }

    [Fact]
    public async Task Persistent_is_not_offered() =>
        await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{\"persistent\":true}")).AssertProblemAsync(501, "not_offered");

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_body_that_is_declared_as_something_else_or_not_at_all_is_refused(string? type)
    {
        using var content = new StringContent("{}");
        content.Headers.ContentType = null;
        if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);

        await (await _cluster.Client.PostAsync("/v1/sandboxes", content, TestContext.Current.CancellationToken)).AssertProblemAsync(415, "unsupported_media_type");
    }

    [Fact]
    public async Task A_chunked_request_without_a_body_needs_no_declaration()
    {
        using var response = await RawHttp.SendAsync(
            _cluster,
            $"POST /v1/sandboxes/{_cluster.World.Add()}/exec HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");

        await response.AssertProblemAsync(400, "invalid_request");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("application/merge-patch+json")]
    public async Task A_body_may_be_declared_as_any_json(string type)
    {
        using var content = new StringContent("{}");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

        Assert.Equal(200, (int)(await _cluster.Client.PostAsync("/v1/sandboxes", content, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Code_over_the_limit_is_told_apart_from_a_body_over_the_limit()
    {
        const int limit = 16 * 1024 * 1024;
        // With the time limits of a real server: so much code takes a while on a busy machine.
        await using var cluster = await Cluster.StartAsync([]);
        var sandbox = cluster.World.Add();

        var fits = await cluster.Client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1", new string('#', limit - 6)));
        Assert.Equal(200, (int)fits.StatusCode);

        var code = await cluster.Client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script(new string('#', limit + 1)));
        Assert.Contains("16777216", (await code.AssertProblemAsync(413, "code_too_large")).GetProperty("error").GetString(), StringComparison.Ordinal);

        // Only the announcement is sent: the answer comes before the body is read.
        using var body = await RawHttp.SendAsync(cluster, $"POST /v1/sandboxes/{sandbox}/exec HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\nContent-Length: 33554433\r\n\r\n{{");
        await body.AssertProblemAsync(413, "code_too_large");
    }

    [Theory]
    [InlineData("GET /v1/sandboxes HTTP/1.1\r\nHost: x\r\nX-Long: {40000}\r\n\r\n", 431)]
    [InlineData("GET /v1/sandboxes HTTP/1.1\r\nHost: x\r\n{many}\r\n", 431)]
    [InlineData("GET /v1/sandboxes?q={17000} HTTP/1.1\r\nHost: x\r\n\r\n", 414)]
    [InlineData("GET /v1/sandboxes HTTP/1.1\r\nHost: x\r\nX-Zero: a\0b\r\n\r\n", 400)]
    [InlineData("GET /v1/sandboxes HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400)]
    [InlineData("GET /v1/sandboxes HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /v1/sandboxes/sbx_%00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n", 400)]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("GET /v1/sandboxes/%zz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n", 404)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{", 400)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n80000000\r\n{", 400)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: gzip\r\n\r\n", 400)]
    [InlineData("POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400)]
    [InlineData("GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n", 400)]
    [InlineData("GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400)]
    [InlineData("GET /livez HTTP/3.7\r\nHost: x\r\n\r\n", 505)]
    public async Task Abuse_of_the_protocol_is_a_problem_and_never_a_server_error(string request, int status)
    {
        var text = request
            .Replace("{40000}", new string('a', 40_000), StringComparison.Ordinal)
            .Replace("{17000}", new string('a', 17_000), StringComparison.Ordinal)
            .Replace("{many}", string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: 1\r\n")), StringComparison.Ordinal)
            .Replace("{key}", Cluster.Key, StringComparison.Ordinal);

        using var response = await RawHttp.SendAsync(_cluster, text);

        var problem = await response.AssertProblemAsync(status, status switch { 404 => "sandbox_not_found", 414 => "uri_too_long", 431 => "headers_too_large", 505 => "http_version_not_supported", _ => "invalid_request" });
        Assert.DoesNotContain("nonsense", problem.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("invalid request", problem.GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("application/json; charset=utf-7", "utf-7")]
    [InlineData("application/json; charset=x-unknown", "x-unknown")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=b; charset=utf-7", "multipart/form-data")]
    public async Task A_charset_that_is_not_utf_8_is_refused_and_named(string type, string named)
    {
        foreach (var path in new[] { "/v1/sandboxes", $"/v1/sandboxes/{_cluster.World.Add()}/exec" })
        {
            using var content = new StringContent("{}");
            content.Headers.ContentType = null;
            content.Headers.TryAddWithoutValidation("Content-Type", type);

            var problem = await (await _cluster.Client.PostAsync(path, content, TestContext.Current.CancellationToken)).AssertProblemAsync(415, "unsupported_media_type");

            Assert.Contains(named, problem.GetProperty("error").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("{\"template\":\"\\ud800\"}", "template")]
    [InlineData("{\"template\":\"\u00ff\"}", "template")]
    [InlineData("{\"traceparent\":\"\\udc00\"}", "traceparent")]
    [InlineData("{\"metadata\":{\"\\ud800\":\"x\"}}", "metadata")]
    [InlineData("{\"metadata\":{\"k\":\"\\ud83d\"}}", "metadata.k")]
    [InlineData("{\"metadata\":{\"k\u00ff\":\"v\"}}", "metadata")]
    [InlineData("{\"env\":{\"K\":\"\\ude00\\ud83d\"}}", "env.K")]
    [InlineData("{\"\\ud800\":1}", "body")]
    [InlineData("{\"\u00ff\":1}", "body")]
    [InlineData("{\"template\":\"x\"", "body")]
    [InlineData("\u00ff", "body")]
    public async Task Text_that_is_not_valid_unicode_names_the_field(string latin1, string field)
    {
        var request = $"POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\nContent-Type: application/json\r\nContent-Length: {latin1.Length}\r\n\r\n{latin1}";

        using var response = await RawHttp.SendAsync(_cluster, request);

        var problem = await response.AssertProblemAsync(400, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("/v1/sandboxes?state=%ED%A0%80")]
    [InlineData("/v1/sandboxes?cursor=%FF")]
    [InlineData("/v1/sandboxes?metadata.%ED%A0%80=%FF&limit=x")]
    [InlineData("/v1/sandboxes?metadata.a=%ED%A0%80&limit=x")]
    [InlineData("/v1/sandboxes/%ED%A0%80")]
    [InlineData("/%FF%FE")]
    public async Task A_url_that_is_not_valid_unicode_is_never_a_server_error(string path)
    {
        using var response = await RawHttp.SendAsync(_cluster, $"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\n\r\n");

        Assert.InRange((int)response.StatusCode, 400, 499);
        await response.AssertProblemAsync((int)response.StatusCode, (await response.ReadJsonAsync()).GetProperty("code").GetString()!);
    }

    private async Task<(string Sandbox, string Run)> EndedRunAsync()
    {
        var sandbox = _cluster.World.Add();
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1"));
        return (sandbox.Value, response.Header("Podflare-Run-Id")!);
    }
}
