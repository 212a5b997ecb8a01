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

    /// <summary>Reads the header of a frame from a guest.</summary>
    /// <exception cref="GuestProtocolException">The payload is too long, or the time is no date.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(source);
        if (length > MaxToHost) throw new GuestProtocolException("a payload over 2 MiB");
        var time = BinaryPrimitives.ReadInt64BigEndian(source[13..]);
        if (time is < 0 or > MaxTime) throw new GuestProtocolException("a time that is no date");
        return new FrameHeader((int)length, (FrameType)source[4], BinaryPrimitives.ReadUInt64BigEndian(source[5..]), time);
    }

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, (uint)Length);
        target[4] = (byte)Type;
        BinaryPrimitives.WriteUInt64BigEndian(target[5..], Number);
        BinaryPrimitives.WriteInt64BigEndian(target[13..], Time);
    }
}
