using System.Text.Json;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Sandboxes;
using Podflare.Scripted;

namespace Podflare;

public sealed class SandboxTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("", "https://podflare.example")]
    [InlineData("/compat/podflare", "https://podflare.example/compat/podflare")]
    public async Task A_create_gives_a_sandbox_that_is_ready(string mount, string endpoint)
    {
        var json = await (await _cluster.Client.SendAsync("POST", $"{mount}/v1/sandboxes", "{\"metadata\":{\"team\":\"a\"},\"env\":{\"A\":\"1\"}}")).ReadJsonAsync();

        Assert.Matches("^sbx_0000000[123][0-9a-f]{24}$", json.GetProperty("id").GetString());
        Assert.Equal(("ready", "here", endpoint, "a"), (Text(json, "state"), Text(json, "region"), Text(json, "endpoint"), Text(json.GetProperty("metadata"), "team")));
        Assert.Matches(@"^2026-05-01T12:00:00\.\d{3}Z$", Text(json, "created_at"));
        Assert.False(json.TryGetProperty("warnings", out _));
        Assert.Equal("1", _cluster.World.Specs[Text(json, "id")!].Env["A"]);
    }

    [Fact]
    public async Task A_sandbox_shows_its_trace_and_the_names_of_its_environment_but_not_to_the_published_clients()
    {
        const string Body = "{\"env\":{\"TOKEN\":\"hidden\",\"A\":\"1\"}}";
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        var parent = ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
        var created = await _cluster.Client.SendAsync("POST", "/v1/sandboxes", Body, true, parent);
        var id = Text(await created.ReadJsonAsync(), "id")!;
        var shown = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}");
        var compat = await _cluster.Client.SendAsync("POST", "/compat/podflare/v1/sandboxes", Body, true, parent);

        foreach (var json in new[] { await created.ReadJsonAsync(), await shown.ReadJsonAsync() })
        {
            Assert.Equal(["A", "TOKEN"], json.GetProperty("env_names").EnumerateArray().Select(name => name.GetString()));
            Assert.Equal(Trace, Text(json, "trace_id"));
            Assert.DoesNotContain("hidden", json.GetRawText(), StringComparison.Ordinal);
        }

        Assert.False((await compat.ReadJsonAsync()).TryGetProperty("env_names", out _));
        Assert.False((await compat.ReadJsonAsync()).TryGetProperty("trace_id", out _));
    }

    [Fact]
    public async Task What_was_brought_down_is_told_in_warnings()
    {
        var json = await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{\"ram_mib\":999999,\"egress\":true}")).ReadJsonAsync();

        Assert.Equal(2, json.GetProperty("warnings").GetArrayLength());
        Assert.False(json.GetProperty("egress").GetBoolean());
    }

    [Fact]
    public async Task A_key_makes_one_sandbox_per_tenant()
    {
        const string body = "{\"metadata\":{\"a\":\"1\"}}";
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        using var acme = _cluster.ClientOf(Cluster.AcmeKey);

        var first = await _cluster.Client.SendAsync("POST", "/v1/sandboxes", body, true, key);
        var second = await _cluster.Client.SendAsync("POST", "/v1/sandboxes", body, true, key);
        var anothers = await acme.SendAsync("POST", "/v1/sandboxes", body, true, key);
        var reused = await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}", true, key);

        Assert.Equal((null, "true", null), (first.Header("Idempotent-Replayed"), second.Header("Idempotent-Replayed"), anothers.Header("Idempotent-Replayed")));
        Assert.Equal(Text(await first.ReadJsonAsync(), "id"), Text(await second.ReadJsonAsync(), "id"));
        Assert.NotEqual(Text(await first.ReadJsonAsync(), "id"), Text(await anothers.ReadJsonAsync(), "id"));
        await reused.AssertProblemAsync(422, "idempotency_key_reused");
    }

    [Fact]
    public async Task A_sandbox_shows_how_it_ended_and_can_be_deleted_again()
    {
        var id = _cluster.World.Add();

        foreach (var _ in new[] { 1, 2 }) Assert.Equal(204, (int)(await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}")).StatusCode);
        var json = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}")).ReadJsonAsync();

        Assert.Equal(("ended", "deleted"), (Text(json, "state"), Text(json, "ended_reason")));
    }

    [Theory]
    [InlineData("ended", 410, "sandbox_ended")]
    [InlineData("lost", 410, "sandbox_lost")]
    [InlineData("unreachable", 503, "sandbox_unreachable")]
    [InlineData("storage", 503, "storage_unavailable")]
    [InlineData("bug", 500, "internal")]
    public async Task What_a_sandbox_refuses_is_told_with_its_code(string failure, int status, string code)
    {
        var id = _cluster.World.Add();
        _cluster.World.Sandboxes[id.Value].Failure = () => ScriptedSandboxState.Named(failure);

        var problem = await (await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}")).AssertProblemAsync(status, code);

        Assert.DoesNotContain("secret", problem.ToString(), StringComparison.Ordinal);
        if (code == "sandbox_ended") Assert.Equal("expired", Text(problem, "ended_reason"));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("GET", "/replay")]
    [InlineData("GET", "/runs/run_00000000000000000000000000000000")]
    [InlineData("GET", "/runs/run_00000000000000000000000000000000/events")]
    [InlineData("POST", "/runs/run_00000000000000000000000000000000/interrupt")]
    [InlineData("POST", "/exec")]
    public async Task An_answer_comes_in_time_also_when_the_sandbox_is_silent(string method, string action)
    {
        var id = _cluster.World.Add();
        _cluster.World.Sandboxes[id.Value].Delay = TimeSpan.FromSeconds(8);
        var before = TimeProvider.System.GetTimestamp();

        var response = await _cluster.Client.SendAsync(method, $"/v1/sandboxes/{id}{action}", method == "POST" ? Replies.Script("out 1") : null);

        await response.AssertProblemAsync(503, "sandbox_unreachable");
        Assert.InRange(TimeProvider.System.GetElapsedTime(before).TotalSeconds, 1.5, 5);
    }

    [Fact]
    public async Task A_list_is_paged_over_all_hosts_newest_first()
    {
        var team = Guid.NewGuid().ToString("N");
        string[] hosts = [Cluster.Host, SharedCluster.SecondHost, SharedCluster.ThirdHost];
        var made = Enumerable.Range(0, 7).Select(i => Add(hosts[i % 3], team)).Reverse().ToArray();
        Add(Cluster.Host, "other");

        var (listed, pages) = (new List<string?>(), 0);
        for (string? cursor = ""; cursor is not null; pages++)
        {
            var page = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes?limit=3&state=ready&metadata.team={team}&cursor={cursor}")).ReadJsonAsync();
            Assert.False(page.TryGetProperty("warnings", out _));
            listed.AddRange(page.GetProperty("sandboxes").EnumerateArray().Select(sandbox => Text(sandbox, "id")));
            cursor = Text(page, "next_cursor");
        }

        Assert.Equal(made, listed);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task A_tenant_lists_its_own_sandboxes()
    {
        var (ours, theirs) = (_cluster.World.Add(), _cluster.World.Add(new("acme")));
        using var acme = _cluster.ClientOf(Cluster.AcmeKey);

        var ids = (await (await acme.SendAsync("GET", "/v1/sandboxes?limit=1000")).ReadJsonAsync()).GetProperty("sandboxes").EnumerateArray().Select(sandbox => Text(sandbox, "id")).ToArray();

        Assert.Contains(theirs.Value, ids);
        Assert.DoesNotContain(ours.Value, ids);
    }

    private string Add(string host, string team) =>
        _cluster.World.Add(host: host, spec: CreateRequest.Parse(JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { team } }), new CreateOptions(), new TemplateOptions()).Spec).Value;

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}

/// <summary>What a test of a whole cluster's hosts changes would disturb other tests.</summary>
public sealed class HostTests : IAsyncLifetime
{
    private const string Second = "00000002";
    private const string Third = "00000003";
    private Cluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await Cluster.StartAsync([Second, Third], ("Podflare:Http:StartSeconds", "2"), ("Podflare:Directory:WaitSeconds", "1.5"));
        await Cluster.WaitAsync(async () => (await ListAsync()).TryGetProperty("warnings", out _) is false && Hosts.All(host => host.Waits.IsEmpty));
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private HostScript[] Hosts => [_cluster.World.Host(Cluster.Host), _cluster.World.Host(Second), _cluster.World.Host(Third)];

    [Fact]
    public async Task A_create_asks_three_hosts_and_then_waits_at_each_for_what_the_others_left()
    {
        await KnowAsync(3);
        foreach (var host in Hosts) host.Refusal = () => new NoCapacityException();

        await (await CreateAsync()).AssertProblemAsync(503, "no_capacity");

        Assert.All(Hosts, host => Assert.NotEmpty(host.Waits));
        // Each refuses at once, so the next ones share the time that it left.
        double[] expected = [0, 0, 0, 0.5, 0.75, 1.5];
        var waits = Hosts.SelectMany(host => host.Waits).Select(wait => wait.TotalSeconds).Order();
        Assert.All(waits.Zip(expected), pair => Assert.InRange(pair.First, pair.Second * 0.8, pair.Second));
    }

    [Fact]
    public async Task A_create_goes_on_where_a_host_refuses()
    {
        await KnowAsync(3);
        Hosts[0].Refusal = () => new NoCapacityException();
        Hosts[1].Refusal = () => new ContainerStartException("the engine does not answer", true);

        for (var i = 0; i < 8; i++) Assert.StartsWith($"sbx_{Third}", (await (await CreateAsync()).ReadJsonAsync()).GetProperty("id").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_create_claims_again_when_its_lease_is_gone()
    {
        await KnowAsync(3);
        foreach (var host in Hosts) host.CreateFailures.Enqueue(new LeaseGoneException());

        var response = await CreateAsync();

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(2, Hosts.Sum(host => host.Waits.Count));
    }

    [Fact]
    public async Task A_host_that_drains_or_is_unknown_gets_no_sandbox()
    {
        await KnowAsync(3);
        Hosts[0].Load = new HostLoad(0, 10, Draining: true);
        Hosts[1].Load = new HostLoad(0, 10, Draining: true);
        await Cluster.WaitAsync(async () =>
        {
            await CreateAsync();
            return Hosts[2].Waits.Count >= 20;
        });
        foreach (var host in Hosts) host.Waits.Clear();

        for (var i = 0; i < 8; i++) await CreateAsync();

        Assert.Equal([0, 0, 8], Hosts.Select(host => host.Waits.Count));
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_named_in_the_list()
    {
        await KnowAsync(3);
        var there = _cluster.World.Add();
        Hosts[1].ListDelay = TimeSpan.FromSeconds(5);

        var list = await ListAsync();

        Assert.Equal($"host {Second} did not answer; its sandboxes are missing", Assert.Single(list.GetProperty("warnings").EnumerateArray()).GetString());
        Assert.Equal(there.Value, Assert.Single(list.GetProperty("sandboxes").EnumerateArray()).GetProperty("id").GetString());
    }

    /// <summary>Waits until the frontend has heard of this many hosts: each create then reaches one of them.</summary>
    private async Task KnowAsync(int count)
    {
        await Cluster.WaitAsync(async () =>
        {
            await CreateAsync();
            return Hosts.Count(host => !host.Waits.IsEmpty) == count;
        });
        foreach (var host in Hosts) host.Waits.Clear();
        _cluster.World.Sandboxes.Clear();
    }

    private Task<HttpResponseMessage> CreateAsync() => _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}");

    private async Task<JsonElement> ListAsync() => await (await _cluster.Client.SendAsync("GET", "/v1/sandboxes")).ReadJsonAsync();
}
