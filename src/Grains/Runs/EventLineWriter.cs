using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Podflare.Guests;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// Gathers rendered lines in pooled buffers and hands them out as one batch. It escapes by itself: of the framework's encoders the
/// default one writes quotes as <c>\u0022</c>, and the relaxed one does not stay in ASCII.
/// </summary>
internal sealed class EventLineWriter(long lastSeq) : IDisposable
{
    // 20 digits of seq, 20 of ts, and the fixed text between the values; an escape is at most 6 bytes for one byte read.
    private const int LineOverhead = 128;
    private const int EscapeFactor = 6;

    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x7f - 0x20).Where(c => c is not '"' and not '\\').Select(c => (byte)c)]);

    private readonly long _firstSeq = lastSeq + 1;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);
    private int[] _ends = ArrayPool<int>.Shared.Rent(64);
    private int _length;
    private int _count;
    private bool _hasExit;

    /// <summary>Cuts output after each newline, and where a piece is longer than <see cref="EventLine.MaxPiece"/>.</summary>
    public void Output(bool isError, ReadOnlySpan<byte> output, long time)
    {
        Span<byte> ts = stackalloc byte[20];
        Utf8Formatter.TryFormat(time, ts, out var digits);
        ts = ts[..digits];
        while (!output.IsEmpty)
        {
            var length = NextPiece(output);
            Line(isError, output[..length], ts);
            output = output[length..];
        }
    }

    public void Exit(int code, ExitReason? reason, RunError? error, long time)
    {
        Reserve(LineOverhead);
        Add("{\"type\":\"exit\",\"data\":"u8);
        Add(code);
        Add(",\"seq\":"u8);
        Add(_firstSeq + _count);
        Add(",\"ts\":"u8);
        Add(time);
        if (reason is { } why)
        {
            Add(",\"reason\":\""u8);
            Add(ReasonText(why));
            Add("\""u8);
        }

        if (error is not null)
        {
            Text(",\"error\":{\"name\":"u8, error.Name);
            Text(",\"value\":"u8, error.Value);
            Text(",\"traceback\":"u8, error.Traceback);
            Reserve(LineOverhead);
            Add("}"u8);
        }

        EndLine();
        _hasExit = true;
    }

    public EventBatch ToBatch() =>
        new(_firstSeq, _bytes.AsSpan(0, _length).ToArray(), _ends.AsSpan(0, _count).ToArray(), _hasExit);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<int>.Shared.Return(_ends);
        (_bytes, _ends) = ([], []);
    }

    private static ReadOnlySpan<byte> ReasonText(ExitReason reason) => reason switch
    {
        ExitReason.Timeout => "timeout"u8,
        ExitReason.Interrupted => "interrupted"u8,
        ExitReason.Killed => "killed"u8,
        ExitReason.Expired => "expired"u8,
        ExitReason.Oom => "oom"u8,
        ExitReason.Crashed => "crashed"u8,
        ExitReason.Lost => "lost"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    private static int NextPiece(ReadOnlySpan<byte> output)
    {
        var newline = output[..Math.Min(output.Length, EventLine.MaxPiece)].IndexOf((byte)'\n');
        if (newline >= 0) return newline + 1;
        if (output.Length <= EventLine.MaxPiece) return output.Length;

        // A character that lies across the limit goes to the next piece whole; more than one byte is consumed at a lead byte only.
        for (var start = EventLine.MaxPiece - 1; start > EventLine.MaxPiece - 4; start--)
        {
            Rune.DecodeFromUtf8(output[start..], out _, out var consumed);
            if (start + consumed > EventLine.MaxPiece) return start;
        }

        return EventLine.MaxPiece;
    }

    private void Line(bool isError, ReadOnlySpan<byte> data, ReadOnlySpan<byte> ts)
    {
        Reserve(LineOverhead + EscapeFactor * data.Length);
        Add(isError ? "{\"type\":\"stderr\",\"data\":\""u8 : "{\"type\":\"stdout\",\"data\":\""u8);
        Escape(data);
        Add("\",\"seq\":"u8);
        Add(_firstSeq + _count);
        Add(",\"ts\":"u8);
        Add(ts);
        EndLine();
    }

    private void EndLine()
    {
        Add("}\n"u8);
        if (_count == _ends.Length) Grow(ref _ends, _count, _count + 1);
        _ends[_count++] = _length;
    }

    private void Text(ReadOnlySpan<byte> key, string? value)
    {
        Reserve(LineOverhead);
        Add(key);
        if (value is null)
        {
            Add("null"u8);
            return;
        }

        // A lone surrogate becomes U+FFFD here, as invalid bytes do in output.
        var utf8 = Encoding.UTF8.GetBytes(value);
        Reserve(LineOverhead + EscapeFactor * utf8.Length);
        Add("\""u8);
        Escape(utf8);
        Add("\""u8);
    }

    /// <summary>Room for the worst case has been reserved.</summary>
    private void Escape(ReadOnlySpan<byte> data)
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

    private void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Add(long number)
    {
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out var written);
        _length += written;
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - _length < more) Grow(ref _bytes, _length, checked(_length + more));
    }

    private static void Grow<T>(ref T[] array, int used, int needed)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(needed, used * 2));
        Array.Copy(array, larger, used);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }
}
