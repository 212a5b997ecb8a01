using System.Buffers;
using System.Buffers.Binary;

namespace Podflare.Otlp;

/// <summary>Encodes protobuf from the last byte to the first: the length of a message is known when it is written.</summary>
internal sealed class OtlpProtobufWriter
{
    private const int FirstBytes = 4096;
    private const int MaxVarintBytes = 10;

    // Rented: only the result is allocated.
    private byte[] _buffer;
    private int _start;

    private OtlpProtobufWriter()
    {
        _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
        _start = _buffer.Length;
    }

    public static byte[] Write(OtlpMessage message)
    {
        var writer = new OtlpProtobufWriter();
        writer.Add(message);
        var result = writer._buffer[writer._start..];
        ArrayPool<byte>.Shared.Return(writer._buffer);
        return result;
    }

    private int Length => _buffer.Length - _start;

    private void Add(OtlpMessage message)
    {
        var values = message.Values;
        for (var i = values.Length - 1; i >= 0; i--)
        {
            if (values[i].Field is { } field) Add(field, values[i]);
        }
    }

    private void Add(OtlpField field, in OtlpValue value)
    {
        switch (value.Content)
        {
            case List<OtlpMessage> list:
                for (var i = list.Count - 1; i >= 0; i--) AddMessage(field, list[i]);
                break;
            case List<long> list:
                var before = Length;
                for (var i = list.Count - 1; i >= 0; i--) AddNumber(field.Kind, list[i]);
                AddVarint((ulong)(Length - before));
                AddTag(field, wire: 2);
                break;
            case OtlpMessage message:
                AddMessage(field, message);
                break;
            case byte[] bytes:
                bytes.CopyTo(Take(bytes.Length));
                AddVarint((ulong)bytes.Length);
                AddTag(field, wire: 2);
                break;
            default:
                AddNumber(field.Kind, value.Bits);
                AddTag(field, OtlpProtobuf.WireOf(field.Kind));
                break;
        }
    }

    private void AddMessage(OtlpField field, OtlpMessage message)
    {
        var before = Length;
        Add(message);
        AddVarint((ulong)(Length - before));
        AddTag(field, wire: 2);
    }

    private void AddNumber(OtlpKind kind, long bits)
    {
        switch (OtlpProtobuf.WireOf(kind))
        {
            case 0:
                AddVarint(OtlpProtobuf.ToVarint(kind, bits));
                break;
            case 1:
                BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), bits);
                break;
            default:
                BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), (uint)bits);
                break;
        }
    }

    private void AddTag(OtlpField field, int wire) => AddVarint((ulong)(field.Number << 3 | wire));

    private void AddVarint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[MaxVarintBytes];
        var count = 0;
        for (; value >= 0x80; value >>= 7) bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        bytes[..count].CopyTo(Take(count));
    }

    private Span<byte> Take(int count)
    {
        if (count > _start)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _buffer.Length, Length + count + FirstBytes));
            var start = larger.Length - Length;
            _buffer.AsSpan(_start).CopyTo(larger.AsSpan(start));
            ArrayPool<byte>.Shared.Return(_buffer);
            (_buffer, _start) = (larger, start);
        }

        _start -= count;
        return _buffer.AsSpan(_start, count);
    }
}
