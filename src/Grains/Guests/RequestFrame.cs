using System.Buffers.Binary;
using System.Text.Json;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>A request as it goes to the guest, but for its number and time, which each connection gives anew.</summary>
/// <param name="Head">The payload, without the code.</param>
/// <param name="Code">The rest of a <c>RUN</c>; the caller's own bytes, because copies of 16 MiB add up.</param>
internal sealed record RequestFrame(FrameType Type, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Code)
{
    private const int RunBytes = 16;
    private const int StdinHeadBytes = RunBytes + 1 + sizeof(ulong);
    private const int ToolResultHeadBytes = RunBytes + 1 + sizeof(uint);

    /// <exception cref="ArgumentException">It would be larger than a guest takes (24 MiB).</exception>
    public static RequestFrame Of(GuestRequest request)
    {
        var frame = request switch
        {
            SetEnvironment env => new RequestFrame(FrameType.Env, Json(new EnvPayload(env.Env)), default),
            StartGuestRun run => new RequestFrame(FrameType.Run, RunHead(run), run.Code),
            InterruptGuestRun run => new RequestFrame(FrameType.Interrupt, Json(new InterruptPayload(run.Run.Value, Milliseconds(run.Grace))), default),
            KillGuestRuns kill => new RequestFrame(FrameType.Kill, Json(new KillPayload(kill.Run?.Value, Reason(kill.Reason))), default),
            WriteGuestStdin input => new RequestFrame(FrameType.Stdin, StdinHead(input), input.Bytes),
            AnswerGuestToolCall answer => new RequestFrame(FrameType.ToolResult, ToolResultHead(answer), answer.Content),
            ResizeGuestTerminal resize => new RequestFrame(FrameType.Resize, Json(resize), default),
            SignalGuestRun signal => new RequestFrame(FrameType.Signal, Json(signal), default),
            GuestContextRequest context => new RequestFrame(FrameType.Context, ContextFrame.Write(context), default),
            _ => throw new ArgumentException($"{request.GetType().Name} has no frame.", nameof(request)),
        };
        if ((long)frame.Head.Length + frame.Code.Length > FrameHeader.MaxToGuest)
            throw new ArgumentException("The request is larger than the 24 MiB that a guest takes.", nameof(request));
        return frame;
    }

    public FrameHeader Header(ulong number, DateTimeOffset now) =>
        new(Head.Length + Code.Length, Type, number, now.ToUnixTimeMilliseconds());

    private static byte[] RunHead(StartGuestRun run)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(RunFrame.Payload(run), GuestJson.Default.RunPayload);
        var head = new byte[sizeof(uint) + json.Length];
        BinaryPrimitives.WriteUInt32BigEndian(head, (uint)json.Length);
        json.CopyTo(head, sizeof(uint));
        return head;
    }

    private static byte[] StdinHead(WriteGuestStdin input)
    {
        var head = new byte[StdinHeadBytes];
        input.Run.ToBytes().CopyTo(head, 0);
        head[RunBytes] = (byte)(input.IsEnd ? 1 : 0);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(RunBytes + 1), input.Offset is { } offset ? (ulong)offset : ulong.MaxValue);
        return head;
    }

    private static byte[] ToolResultHead(AnswerGuestToolCall answer)
    {
        var head = new byte[ToolResultHeadBytes];
        answer.Run.ToBytes().CopyTo(head, 0);
        head[RunBytes] = (byte)(answer.IsError ? 1 : 0);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(RunBytes + 1), answer.Call);
        return head;
    }

    private static byte[] Json(ResizeGuestTerminal resize) =>
        JsonSerializer.SerializeToUtf8Bytes(new ResizePayload(resize.Run.Value, resize.Size.Columns, resize.Size.Rows), GuestJson.Default.ResizePayload);

    private static byte[] Json(SignalGuestRun signal) =>
        JsonSerializer.SerializeToUtf8Bytes(new SignalPayload(signal.Run.Value, signal.Signal, signal.Scope.ToString().ToLowerInvariant()), GuestJson.Default.SignalPayload);

    private static byte[] Json(EnvPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, GuestJson.Default.EnvPayload);

    private static byte[] Json(InterruptPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, GuestJson.Default.InterruptPayload);

    private static byte[] Json(KillPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, GuestJson.Default.KillPayload);

    internal static long Milliseconds(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);

    private static string Reason(ExitReason reason) => reason switch
    {
        ExitReason.Killed => "killed",
        ExitReason.Expired => "expired",
        ExitReason.Timeout => "timeout",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), "A kill is killed, expired or timeout."),
    };
}
