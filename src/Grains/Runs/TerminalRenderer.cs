namespace Podflare.Runs;

/// <summary>Writes the output of a terminal: any bytes, one event for each read, never cut into lines.</summary>
internal static class TerminalRenderer
{
    public static void Write(EventBuffer buffer, ReadOnlySpan<byte> output, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\"pty\",\"data\":"u8);
        buffer.AddBase64(output);
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.AddPlace(time);
        buffer.EndLine();
    }
}
