using System.Collections.Immutable;
using System.Text.Json;
using Podflare.Hosts;
using Podflare.Sandboxes;

namespace Podflare;

/// <summary>The list of hosts, and what a developer is told about them.</summary>
public sealed class HostListTests
{
    private static readonly HostIsolation Isolation = new(
    [
        new("seccomp", "default", LayerStatus.Ok, ""), new("seccomp", "runsc", LayerStatus.Unknown, "not loaded"), new("landlock", "default", LayerStatus.Missing, "the kernel has none"),
        new("mac", "default", LayerStatus.Missing, ""),
    ]);

    private static readonly ImmutableDictionary<string, int> Parked = ImmutableDictionary<string, int>.Empty.Add("default", 2).Add("old", 1);

    private static readonly ImmutableDictionary<string, PoolBounds> Pools =
        ImmutableDictionary<string, PoolBounds>.Empty.Add("default", new PoolBounds(1, 16)).Add("small", new PoolBounds(0, 4));

    [Fact]
    public async Task A_key_without_the_scope_admin_sees_no_hosts()
    {
        await using var cluster = await Cluster.StartAsync([]);
        await (await cluster.Client.SendAsync("GET", "/v1/hosts")).AssertProblemAsync(403, "insufficient_scope");
    }

    [Fact]
    public async Task An_operator_sees_how_full_hosts_are_and_which_layers_they_have()
    {
        await using var cluster = await Cluster.StartAsync(["00000002"], ("PODFLARE_API_KEYS", ""));
        cluster.World.Host(Cluster.Host).Load = new HostLoad(3, 10, false) { Name = "one", Isolation = Isolation, MemoryUsed = 0.25, MemoryBytes = 4L << 30, Overcommit = 4, Version = "1.2.3", Parked = Parked, Pools = Pools };
        using var client = cluster.ClientOf(null);
        // The second host has answered at least once.
        await Cluster.WaitAsync(async () => (await ListAsync(client)).All(host => host.Text("state") != "away"));
        cluster.World.Host("00000002").LoadFailure = static () => new InvalidOperationException("no");
        var before = TimeProvider.System.GetUtcNow();
        await Cluster.WaitAsync(async () => (await ListAsync(client))[1].GetProperty("last_seen").GetDateTimeOffset() < TimeProvider.System.GetUtcNow().AddMilliseconds(-200));
        var found = await ListAsync(client);
        Assert.True(found[0].GetProperty("last_seen").GetDateTimeOffset() >= before.AddMilliseconds(-1));
        Assert.True(found[1].GetProperty("last_seen").GetDateTimeOffset() < found[0].GetProperty("last_seen").GetDateTimeOffset());
        var hosts = found.Select(host => host.GetRawText().Replace(host.Text("last_seen")!, "SEEN", StringComparison.Ordinal));

        Assert.Equal(
            [
                "{\"id\":\"00000001\",\"name\":\"one\",\"state\":\"ready\",\"isolation\":{\"seccomp\":\"unknown\",\"landlock\":\"missing\",\"mac\":\"missing\"},"
                    + "\"isolation_notes\":{\"seccomp\":\"not loaded\",\"landlock\":\"the kernel has none\"},\"sandboxes\":3,\"slots\":10,\"waiting\":0,\"memory_mib\":4096,\"memory_used\":0.25,"
                    + "\"overcommit\":4,\"pools\":[{\"template\":\"default\",\"parked\":2,\"min\":1,\"max\":16},{\"template\":\"old\",\"parked\":1},{\"template\":\"small\",\"parked\":0,\"min\":0,\"max\":4}],"
                    + "\"version\":\"1.2.3\",\"last_seen\":\"SEEN\"}",
                "{\"id\":\"00000002\",\"state\":\"away\",\"last_seen\":\"SEEN\"}",
            ],
            hosts);

        cluster.World.Host(Cluster.Host).Load = new HostLoad(3, 10, false) { Problem = "the disk is full" };
        var unwell = (await (await cluster.ClientOf(null).SendAsync("GET", "/v1/hosts")).ReadJsonAsync()).GetProperty("hosts")[0];
        Assert.Equal(("unwell", "the disk is full"), (unwell.GetProperty("state").GetString(), unwell.GetProperty("problem").GetString()));
    }

    [Theory]
    [InlineData("cordon", "cordoned")]
    [InlineData("drain", "draining")]
    public async Task An_operator_takes_a_host_out_of_service_and_puts_it_back(string action, string state)
    {
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""));
        using var client = cluster.ClientOf(null);

        var changed = await (await client.SendAsync("POST", $"/v1/hosts/{Cluster.Host}/{action}")).ReadJsonAsync();
        var listed = (await ListAsync(client))[0];
        var back = await (await client.SendAsync("POST", $"/v1/hosts/{Cluster.Host}/uncordon")).ReadJsonAsync();

        Assert.Equal((Cluster.Host, state, state, "ready"), (changed.Text("id"), changed.Text("state"), listed.Text("state"), back.Text("state")));
    }

    [Fact]
    public async Task Modes_of_hosts_are_for_operators_and_of_hosts_that_are_there()
    {
        await using var cluster = await Cluster.StartAsync([]);
        await (await cluster.Client.SendAsync("POST", $"/v1/hosts/{Cluster.Host}/cordon")).AssertProblemAsync(403, "insufficient_scope");
        using var admin = await cluster.ClientOfAsync(await cluster.CreateTenantAsync(), "admin");
        foreach (var host in (string[])["00000009", "0", "0000000G", "../x"])
            await (await admin.SendAsync("POST", $"/v1/hosts/{Uri.EscapeDataString(host)}/drain")).AssertProblemAsync(404, "host_not_found");
        cluster.World.Host(Cluster.Host).LoadFailure = static () => new SandboxUnreachableException();
        await (await admin.SendAsync("POST", $"/v1/hosts/{Cluster.Host}/cordon")).AssertProblemAsync(503, "sandbox_unreachable");
    }

    [Fact]
    public async Task A_developer_is_told_once_which_layers_are_missing()
    {
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""));
        cluster.World.Host(Cluster.Host).Load = new HostLoad(3, 10, false) { Isolation = Isolation };
        using var client = cluster.ClientOf(null);
        var warned = 0;
        await Cluster.WaitAsync(async () =>
        {
            var created = await (await client.SendAsync("POST", "/v1/sandboxes", "{}")).ReadJsonAsync();
            if (!created.TryGetProperty("warnings", out var warnings)) return warned > 0;
            warned++;
            Assert.Equal("sandboxes of this server lack landlock (the kernel has none); podflare doctor says what to do", Assert.Single(warnings.EnumerateArray()).GetString());
            return false;
        });
        Assert.Equal(1, warned);
    }

    private static async Task<JsonElement[]> ListAsync(HttpClient client) =>
        [.. (await (await client.SendAsync("GET", "/v1/hosts")).ReadJsonAsync()).GetProperty("hosts").EnumerateArray()];
}
