using System.Buffers.Binary;
using System.Security.Cryptography;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>OTLP batches over a real connection: put together, taken, and sent again after a break.</summary>
public sealed class GuestTelemetryTests
{
    private static readonly RunId Run = RunId.New();
    private static readonly byte[] Head = HeadOf();

    private readonly Inbox _inbox = new();

    [Fact(Timeout = 30_000)]
    public async Task Parts_become_one_batch_and_it_is_taken_when_it_has_been_dealt_with()
    {
        await using var bench = new GuestBench(relay: _inbox);
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var body = RandomNumberGenerator.GetBytes(100_000);
        await guest.SendAsync(FrameType.Otlp, 1, [0, .. Head, .. body[..65_536]]);
        await guest.SendAsync(FrameType.Otlp, 1, [1, .. body[65_536..]]);
        await guest.SendAsync(FrameType.Otlp, 2, [1, .. HeadOf(signal: 2, encoding: 3, dropped: [1, 2, 3])]);

        var first = await _inbox.NextAsync();
        var second = await _inbox.NextAsync();
        Assert.Equal((1UL, TelemetrySignal.Traces, false, false), (first.Number, first.Signal, first.IsJson, first.IsGzip));
        Assert.Equal([new RunInterval(Run, 5, 0)], first.Runs);
        Assert.True(first.Body.Span.SequenceEqual(body));
        Assert.Equal((2UL, TelemetrySignal.Logs, true, true, 0), (second.Number, second.Signal, second.IsJson, second.IsGzip, second.Body.Length));
        Assert.Equal([1L, 2, 3], second.Dropped);
        _inbox.Take(1);
        await AssertTakenAsync(guest, 1);
        _inbox.Take(2);
        await AssertTakenAsync(guest, 2);
    }

    [Fact(Timeout = 30_000)]
    public async Task What_was_not_taken_is_sent_again_and_what_is_here_is_not_taken_twice()
    {
        await using var bench = new GuestBench(relay: _inbox);
        using (var before = await ScriptedGuest.ConnectAsync(bench.Socket))
        {
            await before.SendAsync(FrameType.Otlp, 7, [1, .. Head, 1]);
            await before.SendAsync(FrameType.Otlp, 8, [0, .. Head, 2]);
            Assert.Equal(7UL, (await _inbox.NextAsync()).Number);
        }

        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await guest.SendAsync(FrameType.Otlp, 7, [1, .. Head, 1]);
        await guest.SendAsync(FrameType.Otlp, 8, [0, .. Head, 2]);
        await guest.SendAsync(FrameType.Otlp, 8, [1, 3]);
        var batch = await _inbox.NextAsync();
        Assert.Equal((8UL, "0203"), (batch.Number, Convert.ToHexString(batch.Body.Span)));
        _inbox.Take(8);
        await AssertTakenAsync(guest, 8);
        Assert.Equal(0, _inbox.Count);
    }

    [Fact(Timeout = 30_000)]
    public async Task Where_nobody_wants_them_batches_are_taken_at_once()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await guest.SendAsync(FrameType.Otlp, 3, [1, .. Head]);
        await AssertTakenAsync(guest, 3);
    }

    public static TheoryData<string, byte[][]> Broken => new()
    {
        { "no head", [[1, 1]] },
        { "an unknown signal", [[1, .. HeadOf(signal: 4)]] },
        { "an unknown encoding", [[1, .. HeadOf(encoding: 4)]] },
        { "nine runs", [[1, .. HeadOf(runs: 9)]] },
        { "fewer runs than it says", [[1, 1, 0, 8, .. new byte[40]]] },
        { "a part of more than 64 KiB", [[1, .. HeadOf(), .. new byte[65_537]]] },
        { "more than 1 MiB", [[0, .. HeadOf()], .. Enumerable.Repeat<byte[]>([0, .. new byte[65_536]], 17)] },
    };

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Broken))]
    public async Task What_is_no_batch_ends_the_connection(string what, byte[][] frames)
    {
        Assert.NotEmpty(what);
        await using var bench = new GuestBench(relay: _inbox);
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        foreach (var frame in frames) await guest.SendAsync(FrameType.Otlp, 1, frame);
        await guest.ClosedAsync();
        Assert.Equal(0, _inbox.Count);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_part_of_another_batch_in_between_ends_the_connection()
    {
        await using var bench = new GuestBench(relay: _inbox);
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await guest.SendAsync(FrameType.Otlp, 1, [0, .. Head, 1]);
        await guest.SendAsync(FrameType.Otlp, 2, [1, .. Head, 1]);
        await guest.ClosedAsync();
    }

    private static async Task AssertTakenAsync(ScriptedGuest guest, ulong number)
    {
        var frame = await guest.ReceiveOtherAsync();
        Assert.Equal((FrameType.OtlpTaken, number), (frame.Type, BinaryPrimitives.ReadUInt64BigEndian(frame.Payload)));
    }

    private static byte[] HeadOf(byte signal = 1, byte encoding = 0, int runs = 1, byte[]? dropped = null)
    {
        byte[] times = [0, 0, 0, 0, 0, 0, 0, 5, .. new byte[8]];
        var intervals = Enumerable.Repeat<byte[]>([.. Run.ToBytes(), .. times], runs).SelectMany(bytes => bytes);
        return [signal, encoding, (byte)runs, .. intervals, .. (dropped ?? [0, 0, 0]).SelectMany(count => new byte[] { 0, 0, 0, count })];
    }

    /// <summary>Keeps batches until the test says that they have been dealt with.</summary>
    private sealed class Inbox : ITelemetryRelay, ITelemetryInbox
    {
        private readonly System.Threading.Channels.Channel<TelemetryBatch> _batches = System.Threading.Channels.Channel.CreateBounded<TelemetryBatch>(100);
        private Action _changed = () => { };
        private ulong _taken;

        public int Count => _batches.Reader.Count;

        public ulong Taken => Volatile.Read(ref _taken);

        public ITelemetryInbox Open(SandboxId sandbox, Action changed)
        {
            _changed = changed;
            return this;
        }

        public void Add(TelemetryBatch batch) => _batches.Writer.TryWrite(batch);

        public void SetSource(TelemetrySource source)
        {
        }

        public void Close()
        {
        }

        public ValueTask<TelemetryBatch> NextAsync() => _batches.Reader.ReadAsync(TestContext.Current.CancellationToken);

        public void Take(ulong number)
        {
            Volatile.Write(ref _taken, number);
            _changed();
        }
    }
}
