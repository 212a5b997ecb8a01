using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Runs;
using Podflare.Sandboxes;
using static Podflare.Guests.GuestBench;

namespace Podflare.Guests;

public sealed class GuestVersionTests
{
    private static readonly RunId Run = RunId.New();
    private static readonly ImmutableSortedDictionary<string, string> NoEnv = ImmutableSortedDictionary<string, string>.Empty;

    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    [Theory(Timeout = 30_000)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(9, 3)]
    public async Task The_highest_version_that_both_know_is_used(int offered, int chosen)
    {
        await using var bench = new GuestBench();
        Assert.Null(bench.Port.Version);
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket, version: offered);
        Assert.Equal(chosen, (await NextAsync<GuestConnected>(bench.Port.Attach())).Hello.Version);
        Assert.Equal(chosen, bench.Port.Version);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_frames_of_all_kinds_become_their_events()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(
            bench.Socket, version: 2,
            runs: $$"""[{"run":"{{Run}}","state":"running","started":null,"kind":"process","pid":12,"argv":["a","\udcff"],"cwd":"/tmp","stdin":5}]""");
        var events = bench.Port.Attach();
        await guest.OutAsync(1, Run, "x", stream: 3);
        await guest.SendAsync(FrameType.Event, 2, [.. Run.ToBytes(), 1, 1, 0]);
        await guest.SendAsync(FrameType.Event, 3, [.. Run.ToBytes(), 2, 1, .. "name?"u8]);
        await guest.SendAsync(FrameType.Event, 4, [.. Run.ToBytes(), 3, 0, 0, 1, 2]);
        await guest.SendAsync(FrameType.Event, 5, [.. Run.ToBytes(), 4, .. "{}"u8]);
        await guest.SendAsync(FrameType.Late, 6, [.. Run.ToBytes(), 2, .. "late"u8]);
        await guest.SendAsync(FrameType.Late, 7, [.. new byte[16], 0, 0, 0, 0, 0, 0, 0, 0, 9]);
        await guest.EndAsync(8, Run, """{"code":143,"signal":"SIGTERM","state_lost":true,"execution":7}""");
        await guest.EndAsync(9, Run, """{"code":143,"signal":"no signal","execution":-7}""");

        var process = (await NextAsync<GuestConnected>(events)).Hello.Runs[0];
        Assert.Equal((12, "/tmp", 5L), (process.Process!.Pid, process.Process.Cwd, process.StdinOffset));
        Assert.Equal(["a", "\uFFFD"], process.Process.Argv);
        Assert.True((await NextAsync<GuestOutput>(events)).IsTerminal);
        Assert.Equal([1, 0], (await NextAsync<GuestResult>(events)).Body.ToArray());
        var request = await NextAsync<GuestInputRequest>(events);
        Assert.Equal((true, "name?"), (request.IsPassword, Encoding.UTF8.GetString(request.Prompt.Span)));
        Assert.Equal(258u, (await NextAsync<GuestProcessStarted>(events)).Pid);
        Assert.Equal("{}"u8.ToArray(), (await NextAsync<GuestFileChanged>(events)).Body.ToArray());
        var background = RunId.ForBackground(bench.Port.Sandbox);
        var late = await NextAsync<GuestLateOutput>(events);
        Assert.Equal((background, Run, true, "late"), (late.Run, late.Origin, late.IsError, Encoding.UTF8.GetString(late.Bytes.Span)));
        Assert.Equal(new GuestOutputDropped(7, background, ScriptedGuest.Time, 9), await NextAsync<GuestOutputDropped>(events));
        var end = await NextAsync<GuestRunEnded>(events);
        Assert.Equal(("SIGTERM", true, 7), (end.Signal, end.StateLost, end.Execution));
        Assert.Equal((null, null), (await NextAsync<GuestRunEnded>(events)) is var other ? (other.Signal, other.Execution) : default);
    }

    // What it was not told to send would be a gap to an older worker.
    [Theory(Timeout = 30_000)]
    [InlineData(FrameType.Event, 1)]
    [InlineData(FrameType.Late, 1)]
    [InlineData(FrameType.Out, 3)]
    public async Task A_guest_of_the_first_version_sends_none_of_them(object type, byte kind)
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var events = bench.Port.Attach();
        // A reader that has read nothing yet is not told about a connection that has gone.
        await NextAsync<GuestConnected>(events);
        await guest.SendAsync((FrameType)type, 1, [.. Run.ToBytes(), kind, 1, 0]);
        await NextAsync<GuestDisconnected>(events);
        await guest.ClosedAsync();
    }

    [Fact(Timeout = 30_000)]
    public async Task Requests_of_the_second_version_go_out_as_the_protocol_says()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket, version: 2);
        var input = bench.Port.SendAsync(new WriteGuestStdin(Run, "abc"u8.ToArray(), IsEnd: true, Offset: 258), Stopped);
        var stdin = await guest.ReceiveOtherAsync();
        Assert.Equal((FrameType.Stdin, 1UL), (stdin.Type, stdin.Number));
        Assert.Equal([.. Run.ToBytes(), 1, 0, 0, 0, 0, 0, 0, 1, 2, .. "abc"u8], stdin.Payload);
        var append = bench.Port.SendAsync(new WriteGuestStdin(Run, [], IsEnd: false, Offset: null), Stopped);
        Assert.Equal([.. Run.ToBytes(), 0, 255, 255, 255, 255, 255, 255, 255, 255], (await guest.ReceiveOtherAsync()).Payload);
        _ = bench.Port.SendAsync(new ResizeGuestTerminal(Run, new TerminalSize(100, 30)), Stopped);
        Assert.Equal($$"""Resize 3 {"run":"{{Run}}","cols":100,"rows":30}""", (await guest.ReceiveOtherAsync()).ToString());
        _ = bench.Port.SendAsync(new SignalGuestRun(Run, "SIGTERM", SignalScope.All), Stopped);
        Assert.Equal($$"""Signal 4 {"run":"{{Run}}","signal":"SIGTERM","scope":"all"}""", (await guest.ReceiveOtherAsync()).ToString());
        var create = bench.Port.SendAsync(
            new GuestContextRequest(ContextAction.Create, new ContextId("a")) { Spec = new ContextSpec(new ContextId("a"), RunLanguage.Python, "/tmp", NoEnv.Add("A", "b")) }, Stopped);
        Assert.Equal("""Context 5 {"do":"create","id":"a","language":"python","cwd":"/tmp","env":{"A":"b"}}""", (await guest.ReceiveOtherAsync()).ToString());
        var interrupt = bench.Port.SendAsync(new GuestContextRequest(ContextAction.Interrupt, new ContextId("a")) { Queued = true, Grace = TimeSpan.FromSeconds(1) }, Stopped);
        Assert.Equal("""Context 6 {"do":"interrupt","id":"a","queued":true,"grace_ms":1000}""", (await guest.ReceiveOtherAsync()).ToString());

        await guest.SendAsync(FrameType.Taken, 1, """{"state":"running","repl_restarted":false,"offset":261}""");
        Assert.Equal(261, Assert.IsType<GuestTaken>(await input).Offset);
        await guest.SendAsync(FrameType.Refused, 2, """{"code":"stdin_full","detail":"x","offset":7}""");
        Assert.Equal(new GuestRefused("stdin_full", "x") { Offset = 7 }, await append);
        await guest.SendAsync(
            FrameType.Taken, 5, $$"""{"state":"unknown","contexts":[{"id":"a","language":"python","cwd":"/tmp","state":"busy","run":"{{Run}}","queued":2,"execution_count":3,"repl":1}],"created":true}""");
        var created = Assert.IsType<GuestTaken>(await create);
        Assert.True(created.Created);
        Assert.Equal(new ContextInfo(new ContextId("a"), RunLanguage.Python, "/tmp", ContextState.Busy, Run, 2, 3), Assert.Single(created.Contexts));
        await guest.SendAsync(FrameType.Taken, 6, $$"""{"contexts":[],"runs":["{{Run}}"]}""");
        Assert.Equal([Run], Assert.IsType<GuestTaken>(await interrupt).Runs);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_run_of_any_kind_says_what_differs_from_plain_code()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket, version: 2);
        var plain = new StartGuestRun(Run, RunLanguage.Python, RunRequest.NoTimeout, TimeSpan.FromSeconds(5), NoEnv, []);
        async Task<string> SentAsync(StartGuestRun run)
        {
            _ = bench.Port.SendAsync(run, Stopped);
            var payload = (await guest.ReceiveOtherAsync()).Payload;
            return Encoding.UTF8.GetString(payload.AsSpan(4, (int)BinaryPrimitives.ReadUInt32BigEndian(payload)));
        }

        var head = $$"""{"run":"{{Run}}","language":"python","timeout_ms":null,"grace_ms":5000,"env":{}""";
        Assert.Equal(head + "}", await SentAsync(plain));
        Assert.Equal(
            head + ""","context":"c","display":"last","columns":true,"stdin":true}""",
            await SentAsync(plain with { Context = "c", Display = DisplayPolicy.Last, Columns = true, Stdin = true }));
        Assert.Equal(head + ""","fresh":true,"display":"all"}""", await SentAsync(plain with { Fresh = FreshMode.Fresh, Display = DisplayPolicy.All }));
        Assert.Equal(head + ""","fresh":"alone"}""", await SentAsync(plain with { Fresh = FreshMode.Alone }));
        Assert.Equal(
            head + ""","kind":"process","argv":["ls","-l"],"cwd":"/tmp","stderr":"stdout","order":"exact","encoding":"base64"}""",
            await SentAsync(plain with { Kind = RunKind.Process, Process = new ProcessSpec(["ls", "-l"], "/tmp"), Output = new OutputFormat(true, true, true) }));
        Assert.Equal(
            head + ""","kind":"process","pty":{"cols":80,"rows":24}}""",
            await SentAsync(plain with { Kind = RunKind.Process, Process = new ProcessSpec([], null, new TerminalSize(80, 24)) }));
        Assert.Equal(
            head + ""","kind":"watch","path":"L3Jvb3Q=","recursive":true}""",
            await SentAsync(plain with { Kind = RunKind.Watch, Watch = new WatchSpec(FilePath.Home, true) }));
    }

    // Nobody knows whether the bytes arrived: a repeat could write them twice.
    [Fact(Timeout = 30_000)]
    public async Task Input_without_an_offset_is_not_sent_again_on_the_next_connection()
    {
        await using var bench = new GuestBench();
        var early = bench.Port.SendAsync(new WriteGuestStdin(Run, "early"u8.ToArray(), false, null), Stopped);
        Task<GuestAnswer> append, repeatable;
        using (var guest = await ScriptedGuest.ConnectAsync(bench.Socket, version: 2))
        {
            Assert.Equal(1UL, (await guest.ReceiveOtherAsync()).Number);
            await guest.SendAsync(FrameType.Taken, 1, """{"offset":5}""");
            await early;
            append = bench.Port.SendAsync(new WriteGuestStdin(Run, "a"u8.ToArray(), false, null), Stopped);
            repeatable = bench.Port.SendAsync(new WriteGuestStdin(Run, "b"u8.ToArray(), false, 6), Stopped);
            await guest.ReceiveOtherAsync();
            await guest.ReceiveOtherAsync();
        }

        using var again = await ScriptedGuest.ConnectAsync(bench.Socket, version: 2);
        await Assert.ThrowsAsync<SandboxUnreachableException>(() => append);
        Assert.Equal((byte)'b', (await again.ReceiveOtherAsync()).Payload[^1]);
        await again.SendAsync(FrameType.Taken, 1, """{"offset":7}""");
        await repeatable;
    }
}
