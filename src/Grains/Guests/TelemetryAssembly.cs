using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>Puts the parts of one OTLP batch together. User code may have taken over the guest: what makes no sense breaks the protocol.</summary>
internal sealed class TelemetryAssembly
{
    /// <summary>The largest body that a guest accepts of a program, in bytes.</summary>
    public const int MaxBodyBytes = 1024 * 1024;

    // Far beyond what a guest can send in its life; numbers derived from it stay exact wherever they are stored.
    private const ulong MaxNumber = 1UL << 50;
    private const int MaxPartBytes = 64 * 1024;
    private const int MaxRuns = 8;
    private const int RunBytes = 16 + 2 * sizeof(long);
    private const int Signals = 3;
    private const byte Json = 1, Gzip = 2;

    private readonly ArrayBufferWriter<byte> _body = new();
    private readonly TelemetryBatch _head;

    private TelemetryAssembly(TelemetryBatch head) => _head = head;

    /// <param name="dropped">What the guest reported with the batch before: batches of each signal that it has dropped so far.</param>
    /// <param name="reported">What it reports now.</param>
    /// <exception cref="GuestProtocolException">It is not a valid first part.</exception>
    public static TelemetryAssembly Begin(in Frame frame, ImmutableArray<uint>? dropped, out ImmutableArray<uint> reported)
    {
        if (frame.Header.Number is 0 or > MaxNumber) throw new GuestProtocolException("an OTLP without a number");
        var reader = new SequenceReader<byte>(frame.Payload);
        if (!reader.TryRead(out _) || !reader.TryRead(out var signal) || !reader.TryRead(out var encoding) || !reader.TryRead(out var count))
            throw new GuestProtocolException("an OTLP without a head");
        if (signal is 0 or > Signals || encoding > (Json | Gzip) || count > MaxRuns || reader.Remaining < count * RunBytes + Signals * sizeof(uint))
            throw new GuestProtocolException("an OTLP with an invalid head");
        var runs = ImmutableArray.CreateBuilder<RunInterval>(count);
        for (var i = 0; i < count; i++) runs.Add(ReadRun(ref reader));
        Span<byte> counts = stackalloc byte[Signals * sizeof(uint)];
        reader.TryCopyTo(counts);
        reader.Advance(counts.Length);
        var now = ImmutableArray.Create(
            BinaryPrimitives.ReadUInt32BigEndian(counts), BinaryPrimitives.ReadUInt32BigEndian(counts[4..]), BinaryPrimitives.ReadUInt32BigEndian(counts[8..]));
        // A guest that this process has not heard of before may have told another one of what it has dropped.
        var before = dropped ?? (frame.Header.Number == 1 ? [0, 0, 0] : now);
        var lost = ImmutableArray.CreateRange(now.Zip(before, static (later, earlier) => later > earlier ? (long)later - earlier : 0));
        reported = now;
        var assembly = new TelemetryAssembly(new TelemetryBatch(
            frame.Header.Number, (TelemetrySignal)signal, (encoding & Json) != 0, (encoding & Gzip) != 0, runs.MoveToImmutable(), lost, default));
        assembly.Append(reader.UnreadSequence);
        return assembly;
    }

    /// <exception cref="GuestProtocolException">It is not a part of this batch.</exception>
    public void Add(in Frame frame)
    {
        if (frame.Header.Number != _head.Number || frame.Header.Length == 0) throw new GuestProtocolException("an OTLP between the parts of another");
        Append(frame.Payload.Slice(1));
    }

    public TelemetryBatch Finish() => _head with { Body = _body.WrittenMemory };

    public static bool IsLast(in Frame frame) => frame.Payload.FirstSpan is [not 0, ..];

    private static RunInterval ReadRun(ref SequenceReader<byte> reader)
    {
        Span<byte> bytes = stackalloc byte[RunBytes];
        reader.TryCopyTo(bytes);
        reader.Advance(bytes.Length);
        return new RunInterval(RunId.FromBytes(bytes[..16]), BinaryPrimitives.ReadInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadInt64BigEndian(bytes[24..]));
    }

    private void Append(ReadOnlySequence<byte> bytes)
    {
        if (bytes.Length > MaxPartBytes || _body.WrittenCount + bytes.Length > MaxBodyBytes) throw new GuestProtocolException("an OTLP of more than 1 MiB");
        foreach (var segment in bytes) _body.Write(segment.Span);
    }
}
