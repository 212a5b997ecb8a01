using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// Gathers rendered lines in pooled buffers and hands them out as one batch. It escapes by itself: of the framework's encoders the
/// default one writes quotes as <c>\u0022</c>, and the relaxed one does not stay in ASCII.
/// </summary>
internal sealed class EventBuffer(long lastSeq) : IDisposable
{
    /// <summary>20 digits of seq, 20 of ts, and the fixed text between the values.</summary>
    public const int LineOverhead = 128;

    /// <summary>Most bytes for one byte that is escaped, or encoded as base64.</summary>
    public const int EscapeFactor = 6;

    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x7f - 0x20).Where(c => c is not '"' and not '\\').Select(c => (byte)c)]);

    private readonly long _firstSeq = lastSeq + 1;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);
    private int[] _ends = ArrayPool<int>.Shared.Rent(64);
    private int _length;
    private int _count;

    /// <summary>The last line is the exit.</summary>
    public bool HasExit { get; set; }

    /// <summary>The <c>seq</c> of the line that is being written.</summary>
    public long Seq => _firstSeq + _count;

    public EventBatch ToBatch() =>
        new(_firstSeq, _bytes.AsSpan(0, _length).ToArray(), _ends.AsSpan(0, _count).ToArray(), HasExit);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<int>.Shared.Return(_ends);
        (_bytes, _ends) = ([], []);
    }

    /// <summary>The end of what has been written, for <see cref="Undo"/>.</summary>
    public int Mark => _length;

    /// <summary>Takes back what was written since.</summary>
    public void Undo(int mark) => _length = mark;

    /// <summary>Adds the number of the event, and its time.</summary>
    public void AddPlace(long time)
    {
        Add(",\"seq\":"u8);
        Add(Seq);
        Add(",\"ts\":"u8);
        Add(time);
    }

    public void EndLine()
    {
        Add("}\n"u8);
        if (_count == _ends.Length) Grow(ref _ends, _count, _count + 1);
        _ends[_count++] = _length;
    }

    /// <summary>Adds a text as a JSON value, or null.</summary>
    public void AddText(ReadOnlySpan<byte> key, string? value)
    {
        Reserve(LineOverhead);
        Add(key);
        if (value is null)
        {
            Add("null"u8);
            return;
        }

        // A lone surrogate becomes U+FFFD here, as invalid bytes do in output.
        AddText(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Adds UTF-8 as a JSON text.</summary>
    public void AddText(ReadOnlySpan<byte> utf8)
    {
        Reserve(LineOverhead + EscapeFactor * utf8.Length);
        Add("\""u8);
        Escape(utf8);
        Add("\""u8);
    }

    /// <summary>Adds UTF-8 escaped. Room for the worst case has been reserved.</summary>
    public void Escape(ReadOnlySpan<byte> data)
    {
        Span<char> utf16 = stackalloc char[2];
        while (!data.IsEmpty)
        {
            var plain = data.IndexOfAnyExcept(Plain);
            if (plain != 0)
            {
                Add(plain < 0 ? data : data[..plain]);
                if (plain < 0) return;
                data = data[plain..];
            }

            if (data[0] < 0x80)
            {
                EscapeAscii(data[0]);
                data = data[1..];
                continue;
            }

            // Invalid bytes give U+FFFD and the length of their maximal subpart, just as Encoding.UTF8 counts them.
            Rune.DecodeFromUtf8(data, out var rune, out var consumed);
            var units = rune.EncodeToUtf16(utf16);
            for (var i = 0; i < units; i++) EscapeUnit(utf16[i]);
            data = data[consumed..];
        }
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Add(long number)
    {
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out var written);
        _length += written;
    }

    public void Add(ulong number)
    {
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out var written);
        _length += written;
    }

    public void Reserve(int more)
    {
        if (_bytes.Length - _length < more) Grow(ref _bytes, _length, checked(_length + more));
    }

    /// <summary>Adds bytes as a JSON text in base64.</summary>
    public void AddBase64(ReadOnlySpan<byte> bytes)
    {
        Reserve(LineOverhead + Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        Add("\""u8);
        Base64.EncodeToUtf8(bytes, _bytes.AsSpan(_length), out _, out var written);
        _length += written;
        Add("\""u8);
    }

    private void EscapeAscii(byte c)
    {
        ReadOnlySpan<byte> pair = c switch
        {
            (byte)'\n' => "\\n"u8,
            (byte)'"' => "\\\""u8,
            (byte)'\\' => "\\\\"u8,
            (byte)'\r' => "\\r"u8,
            (byte)'\t' => "\\t"u8,
            (byte)'\b' => "\\b"u8,
            (byte)'\f' => "\\f"u8,
            _ => [],
        };
        if (pair.IsEmpty) EscapeUnit((char)c);
        else Add(pair);
    }

    private void EscapeUnit(char unit)
    {
        var hex = "0123456789abcdef"u8;
        var to = _bytes.AsSpan(_length, 6);
        to[0] = (byte)'\\';
        to[1] = (byte)'u';
        to[2] = hex[unit >> 12];
        to[3] = hex[(unit >> 8) & 15];
        to[4] = hex[(unit >> 4) & 15];
        to[5] = hex[unit & 15];
        _length += 6;
    }

    private static void Grow<T>(ref T[] array, int used, int needed)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(needed, used * 2));
        Array.Copy(array, larger, used);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }
}
