using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Podflare;

public sealed class StopTests
{
    [Fact]
    public async Task A_process_that_stops_is_not_ready_but_serves_for_its_lame_duck_time()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Http:LameDuckSeconds", "3"));
        var id = cluster.World.Add();
        var began = TimeProvider.System.GetTimestamp();

        var stopping = cluster.App.StopAsync(TestContext.Current.CancellationToken);

        await Cluster.WaitAsync(async () => (int)(await cluster.Client.SendAsync("GET", "/readyz")).StatusCode == 503);
        await (await cluster.Client.SendAsync("GET", "/readyz")).AssertProblemAsync(503, "shutting_down");
        // A load balancer that has not looked yet still sends requests, over connections old and new.
        using var other = cluster.ClientOf(Cluster.Key);
        Assert.Equal(200, (int)(await other.SendAsync("POST", "/v1/sandboxes", "{}")).StatusCode);
        Assert.Equal(200, (int)(await cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1"))).StatusCode);
        Assert.False(stopping.IsCompleted);
        await stopping.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 2.9, 15);
    }

    [Fact]
    public async Task A_second_signal_ends_the_lame_duck_time_and_cuts_streams()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Http:LameDuckSeconds", "60"), ("Podflare:Http:DrainSeconds", "60"));
        var id = cluster.World.Add();
        using var stream = await cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1", "hold for-ever"), wait: false);

        var stopping = cluster.App.StopAsync(TestContext.Current.CancellationToken);
        await Cluster.WaitAsync(async () => (int)(await cluster.Client.SendAsync("GET", "/readyz")).StatusCode == 503);
        cluster.App.Services.GetRequiredService<Podflare.Http.OpenStreams>().StopNow();

        await stopping.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_process_that_stops_is_not_ready_takes_nothing_new_and_cuts_streams_after_their_time()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Http:LameDuckSeconds", "0"), ("Podflare:Http:DrainSeconds", "1"));
        var id = cluster.World.Add();
        using var stream = await cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1", "hold for-ever"), wait: false);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(await reader.ReadLineAsync(TestContext.Current.CancellationToken));

        var stopping = cluster.App.StopAsync(TestContext.Current.CancellationToken);
        // The signal of a terminal or of a container engine comes this way.
        cluster.App.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        await (await cluster.Client.SendAsync("GET", "/readyz")).AssertProblemAsync(503, "shutting_down");
        await (await cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}")).AssertProblemAsync(503, "shutting_down");
        await (await cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1"))).AssertProblemAsync(503, "shutting_down");
        Assert.Equal(200, (int)(await cluster.Client.SendAsync("GET", "/livez")).StatusCode);
        await Assert.ThrowsAnyAsync<IOException>(async () => await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_process_is_not_ready_while_no_host_answers()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Directory:StaleSeconds", "1"));

        cluster.World.Host(Cluster.Host).LoadFailure = () => new StorageUnavailableException();

        await Cluster.WaitAsync(async () => (int)(await cluster.Client.SendAsync("GET", "/readyz")).StatusCode == 503);
        await (await cluster.Client.SendAsync("GET", "/readyz")).AssertProblemAsync(503, "no_capacity");
        await (await cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}")).AssertProblemAsync(503, "no_capacity");
        cluster.World.Host(Cluster.Host).LoadFailure = null;
        await Cluster.WaitAsync(async () => (int)(await cluster.Client.SendAsync("GET", "/readyz")).StatusCode == 200);
    }

    [Fact]
    public async Task Without_keys_on_loopback_everybody_is_the_default_tenant()
    {
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""));
        using var client = cluster.ClientOf(null);

        Assert.Equal(200, (int)(await client.SendAsync("POST", "/v1/sandboxes", "{}")).StatusCode);
        Assert.Equal("default", cluster.World.Sandboxes.Values.Single().Info.Tenant.Value);
    }
}
