using System.Buffers;
using System.Buffers.Binary;

namespace Podflare.Guests;

/// <summary>Writes frames to a guest: small ones are gathered, large payloads go out without a copy. One user at a time.</summary>
internal sealed class FrameWriter(Stream stream, TimeProvider time)
{
    private const int LargeBytes = 16 * 1024;

    private readonly ArrayBufferWriter<byte> _gathered = new(256);

    /// <summary>Adds a <c>PING</c> that asks for the CPU time. An older guest does not read its payload.</summary>
    /// <param name="all">Ask for all that the container uses. An older guest answers with the CPU time alone.</param>
    public void AddPing(bool all)
    {
        Add(new FrameHeader(1, FrameType.Ping, 0, Now()));
        _gathered.GetSpan(1)[0] = all ? (byte)'2' : (byte)'1';
        _gathered.Advance(1);
    }

    /// <summary>Accepts a guest's <c>HELLO</c>, and chooses the version of the protocol. The first version knows no choice.</summary>
    public void AddWelcome(int version) => Add(new FrameHeader(0, FrameType.Welcome, version > GuestVersion.First ? (ulong)version : 0, Now()));

    public void AddAck(ulong number) => AddNumber(FrameType.Ack, number);

    /// <summary>The guest may drop the OTLP batches up to this number.</summary>
    public void AddOtlpTaken(ulong number) => AddNumber(FrameType.OtlpTaken, number);

    /// <summary>The supervisor ends, and its container with it. An older guest skips this.</summary>
    public void AddExit() => Add(new FrameHeader(0, FrameType.Exit, 0, Now()));

    public async ValueTask AddAsync(RequestFrame request, ulong number, CancellationToken cancellationToken)
    {
        Add(request.Header(number, time.GetUtcNow()));
        await AddAsync(request.Head, cancellationToken).ConfigureAwait(false);
        await AddAsync(request.Code, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_gathered.WrittenCount == 0) return;
        await stream.WriteAsync(_gathered.WrittenMemory, cancellationToken).ConfigureAwait(false);
        _gathered.ResetWrittenCount();
    }

    private void AddNumber(FrameType type, ulong number)
    {
        Add(new FrameHeader(sizeof(ulong), type, 0, Now()));
        BinaryPrimitives.WriteUInt64BigEndian(_gathered.GetSpan(sizeof(ulong)), number);
        _gathered.Advance(sizeof(ulong));
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Add(FrameHeader header)
    {
        header.Write(_gathered.GetSpan(FrameHeader.Size));
        _gathered.Advance(FrameHeader.Size);
    }

    private async ValueTask AddAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken)
    {
        if (part.Length < LargeBytes)
        {
            _gathered.Write(part.Span);
            return;
        }

        await FlushAsync(cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(part, cancellationToken).ConfigureAwait(false);
    }
}
