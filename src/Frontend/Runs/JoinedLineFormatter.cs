using System.Buffers;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>
/// Sends events in the format of the published client: <c>data</c> is one line without its newline, because that client adds one
/// between events. A part of a line is held back until the rest arrives; the joined event has the <c>seq</c> and <c>ts</c> of the last part.
/// Event types that this client does not know are left out.
/// </summary>
/// <param name="suffix">Keys to add at the end of each event, with a leading comma; empty for none.</param>
internal sealed class JoinedLineFormatter(ReadOnlyMemory<byte> suffix = default) : EventFormatter
{
    /// <summary>Rendered bytes of an unfinished line after which it is sent without the rest.</summary>
    public const int MaxLine = 1024 * 1024;

    private readonly OpenLine _stdout = new("{\"type\":\"stdout\",\"data\":\""u8.ToArray());
    private readonly OpenLine _stderr = new("{\"type\":\"stderr\",\"data\":\""u8.ToArray());

    private static ReadOnlySpan<byte> Exit => "{\"type\":\"exit\","u8;

    private static ReadOnlySpan<byte> DataEnd => "\",\"seq\":"u8;

    public override void Write(EventBatch batch, IBufferWriter<byte> to)
    {
        for (var i = 0; i < batch.Ends.Length; i++)
        {
            var line = Line(batch, i);
            if (line.StartsWith(_stdout.Head)) Take(_stdout, line, batch.FirstSeq + i, to);
            else if (line.StartsWith(_stderr.Head)) Take(_stderr, line, batch.FirstSeq + i, to);
            else if (line.StartsWith(Exit))
            {
                Complete(to);
                Send(to, [], [], line);
            }
        }
    }

    public override void Complete(IBufferWriter<byte> to)
    {
        var (first, second) = _stdout.Seq <= _stderr.Seq ? (_stdout, _stderr) : (_stderr, _stdout);
        SendOpen(first, to);
        SendOpen(second, to);
    }

    private void Take(OpenLine open, ReadOnlySpan<byte> line, long seq, IBufferWriter<byte> to)
    {
        // Quotes inside data are escaped, so this text cannot occur in it, and only digits follow it.
        var end = line.LastIndexOf(DataEnd);
        var data = line[open.Head.Length..end];
        var tail = line[end..];
        var isWhole = EndsWithNewline(data);
        if (isWhole) data = data[..^2];
        if (isWhole && open.IsEmpty)
        {
            Send(to, open.Head, data, tail);
            return;
        }

        open.Append(data, tail, seq);
        if (isWhole || open.Length >= MaxLine) SendOpen(open, to);
    }

    /// <summary>Whether JSON text ends with an escaped newline, and not with an escaped backslash and an n.</summary>
    private static bool EndsWithNewline(ReadOnlySpan<byte> data)
    {
        if (!data.EndsWith("\\n"u8)) return false;
        var before = data[..^1];
        return (before.Length - 1 - before.LastIndexOfAnyExcept((byte)'\\')) % 2 == 1;
    }

    private void SendOpen(OpenLine open, IBufferWriter<byte> to)
    {
        if (open.IsEmpty) return;
        Send(to, open.Head, open.Data, open.Tail);
        open.Clear();
    }

    private void Send(IBufferWriter<byte> to, ReadOnlySpan<byte> head, ReadOnlySpan<byte> data, ReadOnlySpan<byte> tail)
    {
        to.Write(head);
        to.Write(data);
        to.Write(tail[..^"}\n".Length]);
        to.Write(suffix.Span);
        to.Write("}\n"u8);
    }

    /// <summary>A line of stdout or stderr whose newline has not arrived yet.</summary>
    private sealed class OpenLine(byte[] head)
    {
        // Bytes that stay allocated after a long line.
        private const int Kept = 64 * 1024;
        private ArrayBufferWriter<byte> _data = new();
        private byte[] _tail = [];

        public ReadOnlySpan<byte> Head => head;

        public ReadOnlySpan<byte> Data => _data.WrittenSpan;

        public ReadOnlySpan<byte> Tail => _tail;

        public int Length => _data.WrittenCount;

        /// <summary>The <c>seq</c> of the last piece.</summary>
        public long Seq { get; private set; }

        public bool IsEmpty => _tail.Length == 0;

        public void Append(ReadOnlySpan<byte> data, ReadOnlySpan<byte> tail, long seq)
        {
            _data.Write(data);
            _tail = tail.ToArray();
            Seq = seq;
        }

        public void Clear()
        {
            if (_data.Capacity > Kept) _data = new ArrayBufferWriter<byte>();
            else _data.ResetWrittenCount();
            _tail = [];
        }
    }
}
