using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using Podflare.Runs;

namespace Podflare.Streaming;

/// <summary>Has a cluster of its own, since it kills a silo.</summary>
public sealed class LostSiloTests(StreamFixture fixture) : IClassFixture<StreamFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task A_reader_goes_on_when_its_producers_silo_is_lost()
    {
        var run = RunId.New();
        var lost = (InProcessSiloHandle)fixture.Cluster.SecondarySilos[0];
        var (id, grain) = fixture.NewSandbox();
        while (await grain.Where() != lost.SiloAddress.ToParsableString()) (id, grain) = fixture.NewSandbox();
        await grain.Accept(run);
        await grain.Write(run, 5, 10, 2);

        var seen = 0L;
        var exit = false;
        var reader = ((InProcessSiloHandle)fixture.Cluster.Primary!).SiloHost.Services.GetRequiredService<RunReader>();
        var reading = Task.Run(
            async () =>
            {
                await foreach (var batch in reader.ReadAsync(TestSandboxGrain.Tenant, id, run, 0, false, Cancel))
                {
                    Assert.Equal(Volatile.Read(ref seen) + 1, batch.FirstSeq);
                    Volatile.Write(ref seen, batch.LastSeq);
                    exit = batch.HasExit;
                }
            },
            Cancel);
        while (Volatile.Read(ref seen) < 5) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancel);

        await grain.GoSilently();  // a silo that is killed in its own process would still deactivate its grains
        var start = Stopwatch.GetTimestamp();
        await fixture.Cluster.KillSiloAsync(lost, Cancel);
        await UntilItAnswersAsync(() => grain.Write(run, 5, 10, 2));
        var answered = Stopwatch.GetElapsedTime(start);
        while (Volatile.Read(ref seen) < 10) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancel);
        var resumed = Stopwatch.GetElapsedTime(start);
        TestContext.Current.TestOutputHelper?.WriteLine($"the sandbox answered after {answered}, its reader went on after {resumed}");
        Assert.True(resumed - answered < TimeSpan.FromSeconds(10), "Silence alone would have told it.");

        await grain.End(run);
        await reading.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.True(exit);
        Assert.Equal(11, seen);
    }

    private static async Task UntilItAnswersAsync(Func<Task> call)
    {
        for (var start = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                await call();
                return;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(40))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
            }
        }
    }
}
