using System.Buffers.Text;
using System.Text;
using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>Writes events as lines. Beside <see cref="ResultRenderer"/>, <see cref="TerminalRenderer"/>, <see cref="FileChangeRenderer"/> and <see cref="ToolCallRenderer"/>, the only place that knows an event's keys.</summary>
internal readonly ref struct EventLineWriter(EventBuffer buffer)
{
    /// <summary>Cuts output after each newline, and where a piece is longer than <see cref="EventLine.MaxPiece"/>.</summary>
    /// <param name="from">In the background stream: the run whose code wrote it.</param>
    public void Output(bool isError, ReadOnlySpan<byte> output, long time, RunId? from = null)
    {
        Span<byte> ts = stackalloc byte[20];
        Utf8Formatter.TryFormat(time, ts, out var digits);
        ts = ts[..digits];
        while (!output.IsEmpty)
        {
            var length = NextPiece(output);
            Line(isError, output[..length], ts, from);
            output = output[length..];
        }
    }

    /// <summary>One event with exactly these bytes.</summary>
    public void BinaryOutput(bool isError, ReadOnlySpan<byte> output, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add(isError ? "{\"type\":\"stderr\",\"data\":"u8 : "{\"type\":\"stdout\",\"data\":"u8);
        buffer.AddBase64(output);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.AddPlace(time);
        buffer.Add(",\"encoding\":\"base64\""u8);
        buffer.EndLine();
    }

    public void Start(uint pid, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"start\",\"data\":"u8);
        buffer.Add((long)pid);
        buffer.AddPlace(time);
        buffer.EndLine();
    }

    public void InputRequest(ReadOnlySpan<byte> prompt, bool isPassword, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"input_request\",\"data\":"u8);
        buffer.AddText(prompt);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.AddPlace(time);
        buffer.Add(isPassword ? ",\"password\":true"u8 : ",\"password\":false"u8);
        buffer.EndLine();
    }

    /// <summary>Output of ended runs that was dropped.</summary>
    public void Dropped(ulong bytes, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"dropped\",\"data\":"u8);
        buffer.Add(bytes);
        buffer.AddPlace(time);
        buffer.EndLine();
    }

    /// <param name="signal">The signal that ended the process.</param>
    /// <param name="stateLost">This end destroyed the variables of the context.</param>
    public void Exit(int code, ExitReason? reason, RunError? error, long time, string? signal = null, bool stateLost = false)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"exit\",\"data\":"u8);
        buffer.Add((long)code);
        buffer.AddPlace(time);
        if (reason is { } why)
        {
            buffer.Add(",\"reason\":\""u8);
            buffer.Add(ReasonText(why));
            buffer.Add("\""u8);
        }

        if (error is not null)
        {
            buffer.AddText(",\"error\":{\"name\":"u8, error.Name);
            buffer.AddText(",\"value\":"u8, error.Value);
            buffer.AddText(",\"traceback\":"u8, error.Traceback);
            buffer.Reserve(EventBuffer.LineOverhead);
            buffer.Add("}"u8);
        }

        if (signal is not null) buffer.AddText(",\"signal\":"u8, signal);
        if (stateLost)
        {
            buffer.Reserve(EventBuffer.LineOverhead);
            buffer.Add(",\"state_lost\":true"u8);
        }

        buffer.EndLine();
        buffer.HasExit = true;
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

    private void Line(bool isError, ReadOnlySpan<byte> data, ReadOnlySpan<byte> ts, RunId? from)
    {
        buffer.Reserve(EventBuffer.LineOverhead + EventBuffer.EscapeFactor * data.Length);
        buffer.Add(isError ? "{\"type\":\"stderr\",\"data\":\""u8 : "{\"type\":\"stdout\",\"data\":\""u8);
        buffer.Escape(data);
        buffer.Add("\",\"seq\":"u8);
        buffer.Add(buffer.Seq);
        buffer.Add(",\"ts\":"u8);
        buffer.Add(ts);
        if (from is { } run) buffer.AddText(",\"from\":"u8, run.Value);
        buffer.EndLine();
    }
}
