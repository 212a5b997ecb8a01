using System.Buffers.Binary;

namespace Podflare.Guests;

/// <summary>How a guest encodes one representation of a result.</summary>
internal enum ResultForm : byte
{
    /// <summary>It was too large: only its size is known.</summary>
    Omitted = 0,

    Text = 1,

    Bytes = 2,

    Json = 3,

    /// <summary>Text of which the end is missing.</summary>
    TruncatedText = 4,
}

/// <summary>One representation of a result.</summary>
/// <param name="Size">Of one that was omitted, in bytes.</param>
internal readonly ref struct ResultPart(ResultForm form, ReadOnlySpan<byte> mime, ReadOnlySpan<byte> data, ulong size)
{
    public ResultForm Form { get; } = form;

    public ReadOnlySpan<byte> Mime { get; } = mime;

    public ReadOnlySpan<byte> Data { get; } = data;

    public ulong Size { get; } = size;
}

/// <summary>
/// Reads the body of a result: u8 flags, u8 number of parts, then the parts. User code may have made it, so it ends where it is no longer well-formed.
/// </summary>
internal ref struct ResultBody
{
    private const int HeadBytes = 2;
    private const byte MainFlag = 1;

    private ReadOnlySpan<byte> _rest;
    private int _left;

    public ResultBody(ReadOnlySpan<byte> body)
    {
        if (body.Length < HeadBytes) return;
        IsMain = (body[0] & MainFlag) != 0;
        _left = body[1];
        _rest = body[HeadBytes..];
    }

    /// <summary>It is the value of the last expression.</summary>
    public bool IsMain { get; }

    public bool TryNext(out ResultPart part)
    {
        part = default;
        if (_left-- <= 0 || _rest.Length < 2) return false;
        var (form, length) = ((ResultForm)_rest[0], _rest[1]);
        var sizeBytes = form is ResultForm.Omitted ? sizeof(ulong) : sizeof(uint);
        if (_rest.Length < 2 + length + sizeBytes) return false;
        var mime = _rest.Slice(2, length);
        _rest = _rest[(2 + length)..];
        var size = form is ResultForm.Omitted ? BinaryPrimitives.ReadUInt64BigEndian(_rest) : BinaryPrimitives.ReadUInt32BigEndian(_rest);
        _rest = _rest[sizeBytes..];
        if (form is ResultForm.Omitted)
        {
            part = new ResultPart(form, mime, default, size);
            return true;
        }

        if (size > (ulong)_rest.Length) return false;
        part = new ResultPart(form, mime, _rest[..(int)size], size);
        _rest = _rest[(int)size..];
        return true;
    }
}
