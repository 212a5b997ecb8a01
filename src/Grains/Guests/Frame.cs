using System.Buffers;

namespace Podflare.Guests;

/// <summary>One whole frame in the receive buffer; the payload is valid until the buffer advances.</summary>
internal readonly record struct Frame(FrameHeader Header, ReadOnlySequence<byte> Payload)
{
    /// <summary>What it costs in a queue: its size on the wire.</summary>
    public int WireBytes => FrameHeader.Size + Header.Length;

    /// <summary>Cuts the next whole frame off the front of <paramref name="buffer"/>; false when bytes are missing.</summary>
    /// <exception cref="GuestProtocolException">The header breaks the protocol.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (buffer.Length < FrameHeader.Size) return false;
        FrameHeader header;
        if (buffer.FirstSpan.Length >= FrameHeader.Size)
        {
            header = FrameHeader.Read(buffer.FirstSpan);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[FrameHeader.Size];
            buffer.Slice(0, FrameHeader.Size).CopyTo(bytes);
            header = FrameHeader.Read(bytes);
        }

        if (buffer.Length < FrameHeader.Size + header.Length) return false;
        frame = new Frame(header, buffer.Slice(FrameHeader.Size, header.Length));
        buffer = buffer.Slice(frame.Payload.End);
        return true;
    }
}
