using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using Podflare.Problems;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Sends events as server-sent events. The id of an event is its <c>seq</c>; the id of the exit ends in <c>.end</c>.</summary>
internal sealed class ServerSentEventFormatter : EventFormatter
{
    private const string End = ".end";
    private const int MaxDigits = 20;

    public override string ContentType => EventStream;

    public override ReadOnlySpan<byte> Heartbeat => ":\n\n"u8;

    public override void Write(EventBatch batch, IBufferWriter<byte> to)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        for (var i = 0; i < batch.Ends.Length; i++)
        {
            Utf8Formatter.TryFormat(batch.FirstSeq + i, digits, out var count);
            to.Write("id: "u8);
            to.Write(digits[..count]);
            to.Write(batch.HasExit && i == batch.Ends.Length - 1 ? ".end\ndata: "u8 : "\ndata: "u8);
            // A stored line is ASCII, and its only line break is the one that ends the field. Another one ends the event.
            to.Write(Line(batch, i));
            to.Write("\n"u8);
        }
    }

    /// <summary>Parses the id that an EventSource sends when it reconnects.</summary>
    public static (long Seq, bool HadExit) ParseId(string text)
    {
        var hadExit = text.EndsWith(End, StringComparison.Ordinal);
        var digits = hadExit ? text.AsSpan(0, text.Length - End.Length) : text;
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            ? (seq, hadExit)
            : throw ProblemException.Invalid("Last-Event-ID", "must be the id of an event of this run");
    }
}
