using System.Buffers;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.Terminals;

/// <summary>Sends the events of a terminal in the format of the published clients.</summary>
internal sealed class TerminalFormatter : EventFormatter
{
    private static ReadOnlySpan<byte> Data => "{\"type\":\"pty\",\"data\":\""u8;

    private static ReadOnlySpan<byte> Stderr => "{\"type\":\"stderr\",\"data\":\""u8;

    private static ReadOnlySpan<byte> Exit => "{\"type\":\"exit\",\"data\":"u8;

    public static void WriteReady(RunId run, IBufferWriter<byte> to)
    {
        to.Write("{\"type\":\"pty_ready\",\"session_id\":\""u8);
        to.Write(System.Text.Encoding.ASCII.GetBytes(run.Value));
        to.Write("\"}\n"u8);
    }

    public override void Write(EventBatch batch, IBufferWriter<byte> to)
    {
        for (var i = 0; i < batch.Ends.Length; i++)
        {
            var line = Line(batch, i);
            if (TryReadData(line, out var data)) Write(to, "{\"type\":\"pty_data\",\"data_b64\":\""u8, data, "\"}\n"u8);
            else if (TryReadExit(line, out var code)) Write(to, "{\"type\":\"pty_exit\",\"data\":"u8, code, "}\n"u8);
            // What stands in place of a start: the program could not be executed.
            else if (TryReadText(line, Stderr, out var message)) Write(to, "{\"type\":\"pty_error\",\"message\":\""u8, TrimNewline(message), "\"}\n"u8);
        }
    }

    /// <summary>The bytes that the terminal has written, as base64.</summary>
    public static bool TryReadData(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> base64) => TryReadText(line, Data, out base64);

    /// <summary>The digits of the exit code.</summary>
    public static bool TryReadExit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> digits)
    {
        digits = line.StartsWith(Exit) ? line[Exit.Length..] : [];
        if (digits.IsEmpty) return false;
        digits = digits[..digits.IndexOf((byte)',')];
        return true;
    }

    /// <summary>The lines of a batch, one after the other.</summary>
    public static ReadOnlySpan<byte> LineOf(EventBatch batch, int index) => Line(batch, index);

    private static bool TryReadText(ReadOnlySpan<byte> line, ReadOnlySpan<byte> head, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!line.StartsWith(head)) return false;
        // Quotes inside the text are escaped, so this cannot occur in it.
        text = line[head.Length..line.LastIndexOf("\",\"seq\":"u8)];
        return true;
    }

    private static ReadOnlySpan<byte> TrimNewline(ReadOnlySpan<byte> message) => message.EndsWith("\\n"u8) ? message[..^2] : message;

    private static void Write(IBufferWriter<byte> to, ReadOnlySpan<byte> head, ReadOnlySpan<byte> middle, ReadOnlySpan<byte> end)
    {
        to.Write(head);
        to.Write(middle);
        to.Write(end);
    }
}
