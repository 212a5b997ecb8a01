using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Podflare.Runs;

namespace Podflare.Guests;

public sealed class GuestRequestsTests
{
    private static readonly RunId Run = RunId.New();
    private static readonly ImmutableSortedDictionary<string, string> NoEnv = ImmutableSortedDictionary<string, string>.Empty;

    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task Requests_go_out_as_the_protocol_says_and_answers_come_back_by_number()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var env = bench.Port.SendAsync(new SetEnvironment(NoEnv.Add("KEY", "välue")), Stopped);
        Assert.Equal("""Env 1 {"env":{"KEY":"v\u00E4lue"}}""", (await guest.ReceiveOtherAsync()).ToString());
        var interrupt = bench.Port.SendAsync(new InterruptGuestRun(Run, TimeSpan.FromSeconds(1.5)), Stopped);
        Assert.Equal($$"""Interrupt 2 {"run":"{{Run}}","grace_ms":1500}""", (await guest.ReceiveOtherAsync()).ToString());
        var kill = bench.Port.SendAsync(new KillGuestRuns(null, ExitReason.Expired), Stopped);
        Assert.Equal("""Kill 3 {"run":null,"reason":"expired"}""", (await guest.ReceiveOtherAsync()).ToString());
        await guest.SendAsync(FrameType.Taken, 3, """{"state":"unknown"}""");
        Assert.Equal(new GuestTaken(null, false), await kill);
        await guest.SendAsync(FrameType.Refused, 1, """{"code":"invalid","detail":"env"}""");
        Assert.Equal(new GuestRefused("invalid", "env"), await env);
        await guest.SendAsync(FrameType.Taken, 2, """{"state":"ended","repl_restarted":true}""");
        Assert.Equal(new GuestTaken(RunState.Ended, true), await interrupt);
    }

    [Fact(Timeout = 60_000)]
    public async Task Code_of_16_MiB_arrives_whole_while_another_guest_is_served()
    {
        await using var bench = new GuestBench();
        var code = RandomNumberGenerator.GetBytes(16 * 1024 * 1024);
        var other = Podflare.Sandboxes.SandboxId.New("0a0b0c0d");
        var otherPort = bench.Listener.Open(other);
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        using var otherGuest = await ScriptedGuest.ConnectAsync(bench.Folder.SocketPath(other));
        var run = bench.Port.SendAsync(
            new StartGuestRun(Run, RunLanguage.Bash, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5), NoEnv.Add("A", "b"), code, TraceParent: "00-x"), Stopped);
        // This guest does not read yet: the frame is half written.
        var env = otherPort.SendAsync(new SetEnvironment(NoEnv), Stopped);
        await otherGuest.ReceiveOtherAsync();
        await otherGuest.SendAsync(FrameType.Taken, 1, "{}");
        await env;

        var frame = await guest.ReceiveOtherAsync();
        Assert.Equal((FrameType.Run, 1UL), (frame.Type, frame.Number));
        var length = (int)BinaryPrimitives.ReadUInt32BigEndian(frame.Payload);
        var json = JsonDocument.Parse(frame.Payload.AsMemory(4, length)).RootElement;
        Assert.Equal(
            $$"""{"run":"{{Run}}","language":"bash","timeout_ms":300000,"grace_ms":5000,"env":{"A":"b"},"traceparent":"00-x"}""", json.GetRawText());
        Assert.True(frame.Payload.AsSpan(4 + length).SequenceEqual(code));
        await guest.SendAsync(FrameType.Taken, 1, """{"state":"queued"}""");
        Assert.Equal(new GuestTaken(RunState.Queued, false), await run);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_request_is_repeated_on_every_new_connection_until_it_is_answered()
    {
        await using var bench = new GuestBench();
        var early = bench.Port.SendAsync(new SetEnvironment(NoEnv), Stopped);
        var late = bench.Port.SendAsync(new KillGuestRuns(Run, ExitReason.Timeout), Stopped);
        using (var guest = await ScriptedGuest.ConnectAsync(bench.Socket))
        {
            Assert.Equal((FrameType.Env, 1UL), await guest.ReceiveOtherAsync() is var first ? (first.Type, first.Number) : default);
            Assert.Equal((FrameType.Kill, 2UL), await guest.ReceiveOtherAsync() is var second ? (second.Type, second.Number) : default);
            await guest.SendAsync(FrameType.Taken, 1, "{}");
            await early;
        }

        Assert.False(late.IsCompleted);
        using var again = await ScriptedGuest.ConnectAsync(bench.Socket);
        Assert.Equal((FrameType.Kill, 1UL), await again.ReceiveOtherAsync() is var repeated ? (repeated.Type, repeated.Number) : default);
        await again.SendAsync(FrameType.Taken, 1, "{}");
        await late;
    }

    [Fact(Timeout = 30_000)]
    public async Task A_caller_that_leaves_cuts_no_frame_and_its_answer_disturbs_nobody()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        using var leaving = new CancellationTokenSource();
        var large = bench.Port.SendAsync(
            new StartGuestRun(Run, RunLanguage.Python, TimeSpan.FromSeconds(1), TimeSpan.Zero, NoEnv, new byte[8 * 1024 * 1024]), leaving.Token);
        var queued = bench.Port.SendAsync(new SetEnvironment(NoEnv.Add("never", "sent")), leaving.Token);
        // Half of the first has been written when both callers leave.
        await guest.HearsAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        var kill = bench.Port.SendAsync(new KillGuestRuns(Run, ExitReason.Killed), Stopped);
        Assert.Equal((FrameType.Run, 1UL), await guest.ReceiveOtherAsync() is var run ? (run.Type, run.Number) : default);
        Assert.Equal((FrameType.Kill, 2UL), await guest.ReceiveOtherAsync() is var next ? (next.Type, next.Number) : default);
        await guest.SendAsync(FrameType.Taken, 1, """{"state":"running"}""");
        await guest.SendAsync(FrameType.Taken, 77, """{"state":"running"}""");
        await guest.SendAsync(FrameType.Taken, 2, """{"state":"ended"}""");
        Assert.Equal(new GuestTaken(RunState.Ended, false), await kill);
    }

    [Fact(Timeout = 30_000)]
    public async Task One_request_too_many_is_refused_and_closing_ends_the_others()
    {
        await using var bench = new GuestBench(new GuestOptions { MaxRequests = 2 });
        var waiting = Enumerable.Range(0, 2).Select(_ => bench.Port.SendAsync(new SetEnvironment(NoEnv), Stopped)).ToArray();
        await Assert.ThrowsAsync<SandboxUnreachableException>(() => bench.Port.SendAsync(new SetEnvironment(NoEnv), Stopped));
        await bench.Listener.CloseAsync(bench.Sandbox);
        foreach (var request in waiting) await Assert.ThrowsAsync<SandboxUnreachableException>(() => request);
        await Assert.ThrowsAsync<SandboxUnreachableException>(() => bench.Port.SendAsync(new SetEnvironment(NoEnv), Stopped));
    }

    [Fact(Timeout = 30_000)]
    public async Task A_request_too_large_for_a_guest_is_refused_before_it_is_sent()
    {
        await using var bench = new GuestBench();
        var run = new StartGuestRun(Run, RunLanguage.Python, TimeSpan.FromSeconds(1), TimeSpan.Zero, NoEnv, new byte[24 * 1024 * 1024]);
        await Assert.ThrowsAsync<ArgumentException>(() => bench.Port.SendAsync(run, Stopped));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_answer_never_waits_behind_output_that_nobody_reads()
    {
        await using var bench = new GuestBench();
        bench.Port.Attach();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var text = new string('x', 65_536);
        for (var n = 1UL; n <= 128; n++) await guest.OutAsync(n, Run, text);
        var env = bench.Port.SendAsync(new SetEnvironment(NoEnv), Stopped);
        await guest.ReceiveOtherAsync();
        await guest.SendAsync(FrameType.Taken, 1, "{}");
        await env;
    }

    [Fact(Timeout = 30_000)]
    public async Task A_silent_guest_is_pinged_and_then_closed()
    {
        var time = new FakeTimeProvider();
        await using var bench = new GuestBench(time: time);
        var events = bench.Port.Attach();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await GuestBench.NextAsync<GuestConnected>(events);
        for (var beat = 1; beat <= 3; beat++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(FrameType.Ping, (await guest.ReceiveAsync()).Type);
        }

        await guest.SendAsync(FrameType.Ready, 0, """{"repl":2}""");
        await GuestBench.NextAsync<GuestReady>(events);
        for (var beat = 1; beat <= 4; beat++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(FrameType.Ping, (await guest.ReceiveAsync()).Type);
        }

        time.Advance(TimeSpan.FromSeconds(2));
        await guest.ClosedAsync();
        await GuestBench.NextAsync<GuestDisconnected>(events);
        Assert.Equal(time.GetUtcNow(), bench.Port.AwaySince);
    }
}
