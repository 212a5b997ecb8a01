using System.Buffers.Binary;

namespace Podflare.Otlp;

/// <summary>Decodes protobuf. Unknown fields are dropped; so is an item that is not valid, alone.</summary>
internal ref struct OtlpProtobufReader
{
    private const int Varint = 0, Wide = 1, Delimited = 2, StartGroup = 3, EndGroup = 4, Narrow = 5;
    private const int MaxVarintBytes = 10;

    private ReadOnlySpan<byte> _rest;

    private OtlpProtobufReader(ReadOnlySpan<byte> body) => _rest = body;

    /// <returns>Null when the body cannot be decoded, or is beyond a limit.</returns>
    /// <param name="isOwn">It was written here, and not by somebody whom nobody trusts.</param>
    public static OtlpDecoded? Read(OtlpType root, ReadOnlySpan<byte> body, bool isOwn = false)
    {
        var decoding = new OtlpDecoding(isOwn);
        var message = new OtlpMessage(root);
        return Read(body, message, decoding, depth: 1, isInItem: false) ? decoding.Finish(message) : null;
    }

    private static bool Read(ReadOnlySpan<byte> body, OtlpMessage message, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (!decoding.TryEnter(isInItem, depth)) return false;
        var reader = new OtlpProtobufReader(body);
        while (!reader._rest.IsEmpty)
        {
            if (!reader.TryReadVarint(out var tag) || tag >> 3 is 0 or > int.MaxValue) return false;
            var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            var field = message.Type.Find(number);
            if (field is null || !Fits(field, wire))
            {
                if (!reader.TrySkip(wire, number, depth)) return false;
            }
            else if (!reader.TryRead(message, field, wire, decoding, depth, isInItem))
            {
                return false;
            }
        }

        return OtlpDecoding.IsComplete(message);
    }

    private bool TryRead(OtlpMessage message, OtlpField field, int wire, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (wire != Delimited)
        {
            if (!TryReadNumber(field.Kind, out var bits)) return false;
            if (field.IsRepeated) message.Add(field, bits);
            else message.Set(new OtlpValue(field, bits, null));
            return true;
        }

        if (!TryReadBytes(out var bytes)) return false;
        if (field.Type is { } type) return TryReadMessage(message, field, type, bytes, decoding, depth, isInItem);
        return field.IsRepeated ? TryReadPacked(message, field, bytes) : OtlpDecoding.TrySet(message, field, bytes.ToArray());
    }

    private static bool TryReadMessage(OtlpMessage message, OtlpField field, OtlpType type, ReadOnlySpan<byte> bytes, OtlpDecoding decoding, int depth, bool isInItem)
    {
        if (!field.IsRepeated)
        {
            // A second occurrence adds to the first.
            var known = message.Find(field) as OtlpMessage;
            var single = known ?? new OtlpMessage(type);
            if (known is null) message.Set(new OtlpValue(field, 0, single));
            return Read(bytes, single, decoding, depth + 1, isInItem);
        }

        if (type.IsItem && !decoding.WantsItem()) return true;
        if (!decoding.HasRoom(field, message.Count(field))) return false;
        var child = new OtlpMessage(type);
        var isValid = (!type.IsItem || decoding.IsWithinSize(bytes.Length)) && Read(bytes, child, decoding, depth + 1, isInItem || type.IsItem);
        if (isValid) message.Add(field, child);
        if (!type.IsItem) return isValid;
        decoding.CountItem(isValid);
        return true;
    }

    private static bool TryReadPacked(OtlpMessage message, OtlpField field, ReadOnlySpan<byte> bytes)
    {
        var reader = new OtlpProtobufReader(bytes);
        while (!reader._rest.IsEmpty)
        {
            if (!reader.TryReadNumber(field.Kind, out var bits)) return false;
            message.Add(field, bits);
        }

        return true;
    }

    private static bool Fits(OtlpField field, int wire) => wire == OtlpProtobuf.WireOf(field.Kind) || wire == Delimited && field.IsRepeated;

    private bool TryReadNumber(OtlpKind kind, out long bits)
    {
        bits = 0;
        switch (OtlpProtobuf.WireOf(kind))
        {
            case Wide when _rest.Length >= sizeof(long):
                bits = BinaryPrimitives.ReadInt64LittleEndian(_rest);
                _rest = _rest[sizeof(long)..];
                return true;
            case Narrow when _rest.Length >= sizeof(uint):
                bits = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                _rest = _rest[sizeof(uint)..];
                return true;
            case Varint when TryReadVarint(out var raw):
                bits = OtlpProtobuf.FromVarint(kind, raw);
                return true;
            default:
                return false;
        }
    }

    private bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!TryReadVarint(out var length) || length > (ulong)_rest.Length) return false;
        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < MaxVarintBytes && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if (_rest[i] >= 0x80) continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return false;
    }

    private bool TrySkip(int wire, int number, int depth)
    {
        switch (wire)
        {
            case Varint:
                return TryReadVarint(out _);
            case Wide or Narrow:
                var size = wire == Wide ? sizeof(ulong) : sizeof(uint);
                if (_rest.Length < size) return false;
                _rest = _rest[size..];
                return true;
            case Delimited:
                return TryReadBytes(out _);
            case StartGroup:
                return TrySkipGroup(number, depth + 1);
            default:
                return false;
        }
    }

    private bool TrySkipGroup(int group, int depth)
    {
        if (depth > OtlpLimits.MaxDepth) return false;
        while (TryReadVarint(out var tag))
        {
            var (number, wire) = (tag >> 3, (int)(tag & 7));
            if (number is 0 or > int.MaxValue) return false;
            if (wire == EndGroup) return number == (ulong)group;
            if (!TrySkip(wire, (int)number, depth)) return false;
        }

        return false;
    }
}
