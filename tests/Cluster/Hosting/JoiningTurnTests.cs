using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using Podflare.Hosts;
using Podflare.Processes;
using StackExchange.Redis;

namespace Podflare.Hosting;

public sealed class JoiningTurnTests(RedisFixture fixture)
{
    private readonly string _cluster = $"turn-{Guid.NewGuid():n}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task Silos_that_start_together_join_one_after_the_other()
    {
        var joining = 0;
        var most = 0;
        await Task.WhenAll(Enumerable.Range(1, 5).Select(number => StartAsync(number, waitSeconds: 20, async () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref joining));
            await fixture.Redis.GetDatabase().PingAsync();
            Interlocked.Decrement(ref joining);
        })));
        Assert.Equal(1, most);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_turn_of_a_silo_that_died_passes_on()
    {
        await StartAsync(1, waitSeconds: 20, () => throw new TimeoutException()).ContinueWith(died => Assert.True(died.IsFaulted), TaskScheduler.Default);
        var joined = false;
        await StartAsync(2, waitSeconds: 20, Joins);
        Assert.True(joined);

        Task Joins()
        {
            joined = true;
            return Task.CompletedTask;
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_silo_that_may_not_wait_joins_beside_another()
    {
        var joined = false;
        await StartAsync(1, waitSeconds: 20, () => StartAsync(2, waitSeconds: 0, () =>
        {
            joined = true;
            return Task.CompletedTask;
        }));
        Assert.True(joined);
    }

    private Task StartAsync(int number, int waitSeconds, Func<Task> join)
    {
        var process = new PodflareProcess(new PodflareOptions { JoinWaitSeconds = waitSeconds }, ProcessRole.Frontend, _cluster, "unused", new LocalHost(null), null);
        var silo = new SiloAt(SiloAddress.New(new IPEndPoint(IPAddress.Loopback, number), number));
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        new JoiningTurn(process, silo, fixture.Redis, TimeProvider.System, NullLogger<JoiningTurn>.Instance).Participate(lifecycle);
        lifecycle.Subscribe("join", ServiceLifecycleStage.BecomeActive, _ => join());
        return lifecycle.OnStart(Cancel);
    }

    private sealed record SiloAt(SiloAddress SiloAddress) : ILocalSiloDetails
    {
        public string Name => "silo";

        public string ClusterId => "cluster";

        public string DnsHostName => "localhost";

        public SiloAddress GatewayAddress => SiloAddress;
    }
}
