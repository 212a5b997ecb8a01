using System.Text;
using System.Text.Json.Nodes;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Guests in which user code has taken over the supervisor.</summary>
public sealed class HostileGuestTests
{
    private const long Year9999 = 253_402_300_799_999;

    [Fact]
    public async Task A_frame_with_an_absurd_time_gets_the_time_of_its_arrival()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());

        sandbox.Guest.SendNumbered(FrameType.Out, [.. run.Id.ToBytes(), 1, .. "a\n"u8], Year9999);
        sandbox.Guest.SendNumbered(FrameType.Out, [.. run.Id.ToBytes(), 1, .. "b\n"u8], -1);
        sandbox.Guest.SendEnd(run.Id, $$"""{"code":0,"started":{{Year9999}}}""", Year9999);

        var outcome = await run.ReadToEndAsync();
        var now = cluster.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.All(outcome.Lines, line => Assert.InRange(line.Time, now - 600_000, now + 1_000));
        var info = await run.GetAsync();
        Assert.Equal(RunState.Ended, info.State);
        Assert.True(info.StartedAt is null || info.StartedAt < cluster.Clock.GetUtcNow().AddDays(1));
    }

    [Fact]
    public async Task A_hello_with_too_many_runs_closes_the_connection()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.RewriteHello = hello =>
        {
            hello["runs"] = new JsonArray([.. Enumerable.Range(0, 129).Select(_ => new JsonObject { ["run"] = RunId.New().Value, ["state"] = "running" })]);
            return hello;
        };

        sandbox.Guest.Disconnect();

        await Until.TrueAsync(() => cluster.Logs.Count("more than 128 runs") > 0);
        sandbox.Guest.RewriteHello = null;
        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
    }

    [Fact]
    public async Task Frames_of_runs_that_nobody_knows_close_the_connection_and_harm_no_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Wait(gate).Print("a\n"));

        for (var i = 0; i < 500; i++) sandbox.Guest.SendOutput(RunId.New(), isError: false, "x\n"u8.ToArray());

        await Until.TrueAsync(() => cluster.Logs.Count("frames of too many unknown runs") > 0);
        gate.Open();
        Assert.Equal("a\n", (await run.ReadToEndAsync(limit: TimeSpan.FromMinutes(1))).Output);
    }

    [Fact]
    public async Task A_request_that_the_guest_calls_invalid_is_refused_and_leaves_no_run()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.RefuseWith = "invalid";

        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.StartRunAsync(program => program.Print("a\n")));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.Contexts.List(GrainCluster.Tenant, TestContext.Current.CancellationToken));

        sandbox.Guest.RefuseWith = null;
        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_long_error_text_is_cut()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.RunForever());
        var error = new JsonObject { ["name"] = new string('n', 400_000), ["value"] = new string('v', 600_000), ["traceback"] = new string('t', 900_000) };

        sandbox.Guest.SendEnd(run.Id, new JsonObject { ["code"] = 1, ["error"] = error }.ToJsonString());

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(1, outcome.ExitCode);
        Assert.InRange(Encoding.UTF8.GetByteCount(outcome.Lines[^1].Json), 1, 512 * 1024);
    }

    [Fact]
    public async Task A_guest_that_breaks_the_protocol_again_and_again_is_accepted_ever_more_slowly()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.RewriteHello = hello =>
        {
            hello["boot"] = "nonsense";
            return hello;
        };
        sandbox.Guest.Disconnect();
        await Until.TrueAsync(() => cluster.Logs.Count("HELLO without boot") > 0);
        var before = cluster.Logs.Count("HELLO without boot");

        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);

        // It dials 100 times a second.
        Assert.InRange(cluster.Logs.Count("HELLO without boot") - before, 0, 20);
        sandbox.Guest.RewriteHello = null;
        Assert.Equal("b\n", (await sandbox.RunAsync(program => program.Print("b\n"))).Output);
    }
}
