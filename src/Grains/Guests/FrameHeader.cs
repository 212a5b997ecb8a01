using System.Buffers.Binary;

namespace Podflare.Guests;

/// <summary>The 21 bytes in front of every frame, big-endian: length of the payload, type, number, Unix time in ms.</summary>
internal readonly record struct FrameHeader(int Length, FrameType Type, ulong Number, long Time)
{
    public const int Size = 21;

    /// <summary>Largest payload that a guest takes.</summary>
    public const int MaxToGuest = 24 * 1024 * 1024;

    /// <summary>Largest payload that a guest may send.</summary>
    public const int MaxToHost = 2 * 1024 * 1024;

    /// <summary>The last millisecond of the year 9999: a later time could not be written as a date.</summary>
    public const long MaxTime = 253_402_300_799_999;

    /// <summary>Reads the header of a frame from a guest. Its time is any number.</summary>
    /// <exception cref="GuestProtocolException">The payload is too long.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(source);
        if (length > MaxToHost) throw new GuestProtocolException("a payload over 2 MiB");
        return new FrameHeader((int)length, (FrameType)source[4], BinaryPrimitives.ReadUInt64BigEndian(source[5..]), BinaryPrimitives.ReadInt64BigEndian(source[13..]));
    }

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, (uint)Length);
        target[4] = (byte)Type;
        BinaryPrimitives.WriteUInt64BigEndian(target[5..], Number);
        BinaryPrimitives.WriteInt64BigEndian(target[13..], Time);
    }
}
