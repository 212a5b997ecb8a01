using System.Text.Unicode;

namespace Podflare.Otlp;

/// <summary>What both decoders check, and what they count of one body.</summary>
/// <param name="isOwn">What is decoded was written here, from something that has been checked: it may be larger by what was added.</param>
internal sealed class OtlpDecoding(bool isOwn = false)
{
    private int _items;
    private int _invalid;
    private int _overLimit;
    private int _containers;
    private int _messages;

    public OtlpDecoded Finish(OtlpMessage message) => new(message, _items, _invalid, _overLimit);

    /// <summary>Whether one more message may be read. Where it may not, the whole body is refused.</summary>
    /// <param name="isInItem">Whether it is part of an item, or one itself.</param>
    public bool TryEnter(bool isInItem, int depth) =>
        depth <= OtlpLimits.MaxDepth && ++_messages <= OtlpLimits.MaxMessages && (isInItem || ++_containers <= OtlpLimits.MaxItems);

    /// <summary>Whether one more item is wanted. Where it is not, it is skipped.</summary>
    public bool WantsItem()
    {
        if (_items + _invalid < OtlpLimits.MaxItems) return true;
        _overLimit++;
        return false;
    }

    public void CountItem(bool isValid) => (_items, _invalid) = isValid ? (_items + 1, _invalid) : (_items, _invalid + 1);

    /// <summary>Whether the message has what no message of its type may lack.</summary>
    public static bool IsComplete(OtlpMessage message)
    {
        foreach (var field in message.Type.Fields)
            if (field.IsRequired && !message.Has(field)) return false;
        return true;
    }

    public bool HasRoom(OtlpField field, int count) => isOwn || !field.IsBounded || count < OtlpLimits.MaxListed;

    /// <summary>Whether an item may be that large.</summary>
    public bool IsWithinSize(long bytes) => isOwn || bytes <= OtlpLimits.MaxItemBytes;

    /// <summary>Sets a field that holds bytes. An id without a digit other than zero is none.</summary>
    /// <returns>False when the bytes are not valid for the field.</returns>
    public static bool TrySet(OtlpMessage message, OtlpField field, byte[] bytes)
    {
        switch (field.Kind)
        {
            case OtlpKind.Text when !Utf8.IsValid(bytes):
                return false;
            case OtlpKind.TraceId or OtlpKind.SpanId when !bytes.AsSpan().ContainsAnyExcept((byte)0):
                return bytes.Length == 0 || bytes.Length == IdBytes(field);
            case OtlpKind.TraceId or OtlpKind.SpanId when bytes.Length != IdBytes(field):
                return false;
            default:
                message.Set(new OtlpValue(field, 0, bytes));
                return true;
        }
    }

    private static int IdBytes(OtlpField field) => field.Kind is OtlpKind.TraceId ? 16 : 8;
}
