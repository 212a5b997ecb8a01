using System.Text;
using Podflare.Resources;
using Podflare.Runs;
using static Podflare.Guests.GuestBench;

namespace Podflare.Guests;

public sealed class GuestEventsTests
{
    private static readonly RunId Run = RunId.New();

    [Fact(Timeout = 30_000)]
    public async Task A_guest_is_welcomed_at_once_and_its_hello_is_the_first_event()
    {
        await using var bench = new GuestBench();
        Assert.False(bench.Port.Connected);
        using var guest = await ScriptedGuest.ConnectAsync(
            bench.Socket, first: 7, repl: 2, runs: $$"""[{"run":"{{Run}}","state":"running","started":{{ScriptedGuest.Time}},"acknowledged":6},{"run":"{{RunId.New()}}","state":"queued","started":null}]""");
        var hello = (await NextAsync<GuestConnected>(bench.Port.Attach())).Hello;
        Assert.Equal((1, ScriptedGuest.Boot, 7UL, 2), (hello.Version, hello.Boot, hello.First, hello.Repl));
        Assert.Equal(new GuestRun(Run, RunState.Running, DateTimeOffset.FromUnixTimeMilliseconds(ScriptedGuest.Time), Acknowledged: 6), hello.Runs[0]);
        Assert.Equal(0UL, hello.Runs[1].Acknowledged);
        Assert.Equal((RunState.Queued, null), (hello.Runs[1].State, hello.Runs[1].Started));
        Assert.True(bench.Port.Connected);
        Assert.Null(bench.Port.AwaySince);
    }

    [Fact(Timeout = 30_000)]
    public async Task Every_frame_becomes_its_event_in_order_and_unknown_ones_are_skipped()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket, repl: 0);
        var events = bench.Port.Attach();
        await guest.SendAsync(FrameType.Ready, 0, """{"repl":1}""");
        await guest.SendAsync((FrameType)99, 0, "whatever");
        await guest.SendAsync(FrameType.Started, 0, Run.ToBytes());
        await guest.OutAsync(1, Run, "é\n");
        await guest.OutAsync(2, Run, "oh", stream: 2);
        await guest.EndAsync(3, Run, $$"""{"code":1,"error":{"name":"ValueError","value":"\ud800","traceback":null},"started":{{ScriptedGuest.Time}},"repl_restarted":true,"new":1}""");
        await guest.EndAsync(4, Run, """{"code":137,"reason":"oom"}""");
        await guest.EndAsync(5, Run, """{"code":9,"reason":"abducted","error":null}""");
        Assert.Equal(0, (await NextAsync<GuestConnected>(events)).Hello.Repl);
        Assert.Equal(1, (await NextAsync<GuestReady>(events)).Repl);
        Assert.Equal(new GuestRunStarted(Run, DateTimeOffset.FromUnixTimeMilliseconds(ScriptedGuest.Time)), await NextAsync<GuestRunStarted>(events));
        var output = await NextAsync<GuestOutput>(events);
        Assert.Equal((1UL, Run, ScriptedGuest.Time, false, "é\n"), (output.Number, output.Run, output.Time, output.IsError, Encoding.UTF8.GetString(output.Bytes.Span)));
        Assert.True((await NextAsync<GuestOutput>(events)).IsError);
        Assert.Equal(
            new GuestRunEnded(3, Run, ScriptedGuest.Time, 1, null, new RunError("ValueError", "\uFFFD", null), DateTimeOffset.FromUnixTimeMilliseconds(ScriptedGuest.Time), true),
            await NextAsync<GuestRunEnded>(events));
        Assert.Equal(new GuestRunEnded(4, Run, ScriptedGuest.Time, 137, ExitReason.Oom, null, null, false), await NextAsync<GuestRunEnded>(events));
        Assert.Equal((9, null), (await NextAsync<GuestRunEnded>(events)) is var end ? (end.Code, end.Reason) : default);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_usage_of_a_run_is_taken_from_its_end_and_what_cannot_be_is_not_believed()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var events = bench.Port.Attach();
        await guest.EndAsync(1, Run, """{"code":0,"usage":{"cpu_us":500001,"throttled_us":0,"memory_peak":104857600,"processes_peak":7,"disk":300,"oom_kills":1,"later":1}}""");
        await guest.EndAsync(2, Run, """{"code":0,"usage":{"cpu_us":-1,"throttled_us":9223372036854775807,"memory_peak":null,"processes_peak":9999999999}}""");
        await guest.EndAsync(3, Run, """{"code":0}""");
        await NextAsync<GuestConnected>(events);
        Assert.Equal(new ResourceUsage(500_001, 0, 104_857_600, 7, 300, 1), (await NextAsync<GuestRunEnded>(events)).Usage);
        Assert.Equal(new ResourceUsage(null, null, null, null, null, null), (await NextAsync<GuestRunEnded>(events)).Usage);
        Assert.Null((await NextAsync<GuestRunEnded>(events)).Usage);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_sandbox_is_asked_for_all_that_it_uses_and_a_container_in_a_pool_for_its_cpu_time()
    {
        await using var bench = new GuestBench(new GuestOptions { PingSeconds = 0.05, SampleSeconds = 1 });
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        Assert.Equal("1", (await NextPingAsync(guest)).Text);
        bench.Port.Measure("default", TimeSpan.Zero);
        while ((await NextPingAsync(guest)).Text != "2")
        {
            // Those that were under way.
        }

        await guest.SendAsync(FrameType.Pong, 0, ResourceSampleTests.Report(2_000_000_000, 100, 200, 3, 0, 0, 500));
        await guest.SendAsync(FrameType.Pong, 0, ResourceSampleTests.Report(3_000_000_000, 100, 200, 3, 0, 0, 500)[..8]);
        await guest.SendAsync(FrameType.Pong, 0, []);
        while (bench.Port.CpuTime != TimeSpan.FromSeconds(3)) await NextPingAsync(guest);
        var point = Assert.Single(bench.Port.Resources!.Read(null, null, default));
        Assert.Equal((TimeSpan.FromSeconds(2), 100L, 3), (point.CpuTime, point.MemoryBytes, point.Processes));
        Assert.Equal("2", (await NextPingAsync(guest)).Text);
    }

    private static async Task<ScriptedGuest.Received> NextPingAsync(ScriptedGuest guest)
    {
        while (true)
        {
            if (await guest.ReceiveAsync() is { Type: FrameType.Ping } ping) return ping;
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task After_a_reconnect_what_was_taken_is_dropped_and_the_rest_follows()
    {
        await using var bench = new GuestBench();
        var events = bench.Port.Attach();
        using (var guest = await ScriptedGuest.ConnectAsync(bench.Socket))
        {
            await guest.OutAsync(1, Run, "a");
            await guest.OutAsync(2, Run, "b");
            await NextAsync<GuestConnected>(events);
            await NextAsync<GuestOutput>(events);
            await NextAsync<GuestOutput>(events);
            bench.Port.Acknowledge(1);
            Assert.Equal("Ack 0 \0\0\0\0\0\0\0\u0001", (await guest.ReceiveOtherAsync()).ToString());
        }

        await NextAsync<GuestDisconnected>(events);
        Assert.NotNull(bench.Port.AwaySince);
        using var again = await ScriptedGuest.ConnectAsync(bench.Socket, first: 2);
        // The first ACK may have been lost with the connection.
        Assert.Equal(FrameType.Ack, (await again.ReceiveOtherAsync()).Type);
        await again.OutAsync(2, Run, "b");
        await again.OutAsync(3, Run, "c");
        Assert.Equal(2UL, (await NextAsync<GuestConnected>(events)).Hello.First);
        Assert.Equal(3UL, (await NextAsync<GuestOutput>(events)).Number);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_number_that_came_before_is_dropped_and_a_gap_closes()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket, first: 5);
        var events = bench.Port.Attach();
        // Taken first: of a reader that has taken nothing the end of the connection takes back all.
        await NextAsync<GuestConnected>(events);
        await guest.OutAsync(5, Run, "a");
        await guest.OutAsync(5, Run, "a");
        await guest.OutAsync(4, Run, "?");
        await guest.OutAsync(6, Run, "b");
        await guest.OutAsync(8, Run, "d");
        await guest.ClosedAsync();
        Assert.Equal(5UL, (await NextAsync<GuestOutput>(events)).Number);
        Assert.Equal(6UL, (await NextAsync<GuestOutput>(events)).Number);
        await NextAsync<GuestDisconnected>(events);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_newest_connection_wins_once_it_has_said_hello()
    {
        await using var bench = new GuestBench();
        var events = bench.Port.Attach();
        using var old = await ScriptedGuest.ConnectAsync(bench.Socket);
        await NextAsync<GuestConnected>(events);
        using var silent = await ScriptedGuest.DialAsync(bench.Socket);
        await old.OutAsync(1, Run, "still heard");
        await NextAsync<GuestOutput>(events);
        using var newer = await ScriptedGuest.ConnectAsync(bench.Socket, first: 2);
        await old.ClosedAsync();
        await silent.ClosedAsync();
        await newer.OutAsync(2, Run, "new");
        await NextAsync<GuestDisconnected>(events);
        await NextAsync<GuestConnected>(events);
        Assert.Equal(2UL, (await NextAsync<GuestOutput>(events)).Number);
    }

    [Fact(Timeout = 30_000)]
    public async Task Waiting_for_a_repl_ends_with_ready()
    {
        await using var bench = new GuestBench();
        var waiting = bench.Port.WaitReadyAsync(TestContext.Current.CancellationToken);
        using (var guest = await ScriptedGuest.ConnectAsync(bench.Socket, repl: 0))
        {
            Assert.False(waiting.IsCompleted);
            await guest.SendAsync(FrameType.Ready, 0, """{"repl":1}""");
            Assert.Equal(1, (await waiting).Repl);
        }

        using var again = await ScriptedGuest.ConnectAsync(bench.Socket, repl: 3);
        Assert.Equal(3, (await bench.Port.WaitReadyAsync(TestContext.Current.CancellationToken)).Repl);
        await bench.Listener.CloseAsync(bench.Sandbox);
        await Assert.ThrowsAsync<SandboxUnreachableException>(() => bench.Port.WaitReadyAsync(TestContext.Current.CancellationToken));
    }
}
