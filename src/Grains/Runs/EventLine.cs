using Podflare.Guests;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Renders guest frames as NDJSON lines, once.</summary>
public static class EventLine
{
    /// <summary>Longest piece of output in one event, in bytes as the program wrote them.</summary>
    public const int MaxPiece = 64 * 1024;

    /// <summary>
    /// Turns consecutive frames of one run into one batch. A pure function: the same frames after the same <paramref name="lastSeq"/>
    /// give the same bytes, however they are cut into batches.
    /// </summary>
    /// <param name="isBinary">The run's output is shown as base64.</param>
    public static EventBatch Render(IReadOnlyList<GuestFrame> frames, long lastSeq, bool isBinary = false)
    {
        using var buffer = new EventBuffer(lastSeq);
        foreach (var frame in frames) Write(buffer, frame, isBinary);
        return buffer.ToBatch();
    }

    /// <summary>The exit that the worker writes where the guest has not spoken: at the end of a sandbox.</summary>
    public static EventBatch RenderExit(int code, ExitReason? reason, RunError? error, long seq, DateTimeOffset at)
    {
        using var buffer = new EventBuffer(seq - 1);
        new EventLineWriter(buffer).Exit(code, reason, error, at.ToUnixTimeMilliseconds());
        return buffer.ToBatch();
    }

    private static void Write(EventBuffer buffer, GuestFrame frame, bool isBinary)
    {
        var lines = new EventLineWriter(buffer);
        switch (frame)
        {
            case GuestOutput { IsTerminal: true } terminal:
                TerminalRenderer.Write(buffer, terminal.Bytes.Span, terminal.Time);
                break;
            case GuestOutput output when isBinary:
                lines.BinaryOutput(output.IsError, output.Bytes.Span, output.Time);
                break;
            case GuestOutput output:
                lines.Output(output.IsError, output.Bytes.Span, output.Time);
                break;
            case GuestRunEnded end:
                lines.Exit(end.Code, end.Reason, end.Error, end.Time, end.Signal, end.StateLost);
                break;
            case GuestResult result:
                ResultRenderer.Write(buffer, result.Body.Span, result.Time);
                break;
            case GuestInputRequest request:
                lines.InputRequest(request.Prompt.Span, request.IsPassword, request.Time);
                break;
            case GuestProcessStarted started:
                lines.Start(started.Pid, started.Time);
                break;
            case GuestFileChanged change:
                FileChangeRenderer.Write(buffer, change.Body.Span, change.Time);
                break;
            case GuestToolRequest request:
                ToolCallRenderer.Write(buffer, "tool_request"u8, request.Call, request.Body.Span, request.Time);
                break;
            case GuestToolResponse response:
                ToolCallRenderer.Write(buffer, "tool_response"u8, response.Call, response.Body.Span, response.Time);
                break;
            case GuestLateOutput late:
                lines.Output(late.IsError, late.Bytes.Span, late.Time, late.Origin);
                break;
            case GuestOutputDropped dropped:
                lines.Dropped(dropped.Bytes, dropped.Time);
                break;
            default:
                throw new ArgumentException($"{frame.GetType().Name} is no event.", nameof(frame));
        }
    }
}
