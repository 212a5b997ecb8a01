using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>Writes the events of tool calls. The code has made the arguments; what is not a JSON object becomes a call without usable arguments, which its caller refuses.</summary>
internal static class ToolCallRenderer
{
    public static void Write(EventBuffer buffer, ReadOnlySpan<byte> type, uint call, ReadOnlySpan<byte> body, long time)
    {
        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.Add("{\"type\":\""u8);
        buffer.Add(type);
        buffer.Add("\",\"data\":"u8);
        var mark = buffer.Mark;
        if (body.IsEmpty || body[0] != (byte)'{' || !JsonRenderer.TryWrite(buffer, body))
        {
            buffer.Undo(mark);
            buffer.Reserve(EventBuffer.LineOverhead);
            buffer.Add("{\"call_id\":\"call_"u8);
            buffer.Add((long)call);
            buffer.Add("\"}"u8);
        }

        buffer.Reserve(EventBuffer.LineOverhead);
        buffer.AddPlace(time);
        buffer.EndLine();
    }
}
