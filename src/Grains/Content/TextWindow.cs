namespace Podflare.Content;

/// <summary>The beginning and the end of bytes that pass. One user at a time.</summary>
/// <param name="head">Bytes of the beginning.</param>
/// <param name="tail">Bytes of the end.</param>
internal sealed class TextWindow(int head, int tail)
{
    private readonly List<byte> _head = [];
    private readonly byte[] _tail = new byte[tail];
    private long _total;

    /// <summary>Bytes in the middle are gone.</summary>
    public bool IsCut => _total > head + tail;

    public bool IsEmpty => _total == 0;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var first = Math.Min(head - _head.Count, bytes.Length);
        _head.AddRange(bytes[..first]);
        var rest = bytes[first..];
        _total += bytes.Length;
        if (rest.Length > tail) rest = rest[^tail..];
        // The next byte's place follows from the count of all bytes.
        var at = (int)((_total - head - rest.Length) % tail);
        if (rest.IsEmpty) return;
        var before = Math.Min(tail - at, rest.Length);
        rest[..before].CopyTo(_tail.AsSpan(at));
        rest[before..].CopyTo(_tail);
    }

    /// <summary>The beginning, and the end without what it has in common with the beginning.</summary>
    public (byte[] Head, byte[] Tail) Read()
    {
        var behind = _total - _head.Count;
        if (behind <= tail) return ([.. _head], _tail[..(int)behind]);
        var at = (int)(behind % tail);
        return ([.. _head], [.. _tail[at..], .. _tail[..at]]);
    }
}
