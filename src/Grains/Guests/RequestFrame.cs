using System.Buffers.Binary;
using System.Text.Json;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>A request as it goes to the guest, but for its number and time, which each connection gives anew.</summary>
/// <param name="Head">The payload, without the code.</param>
/// <param name="Code">The rest of a <c>RUN</c>; the caller's own bytes, because copies of 16 MiB add up.</param>
internal sealed record RequestFrame(FrameType Type, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Code)
{
    /// <exception cref="ArgumentException">It would be larger than a guest takes (24 MiB).</exception>
    public static RequestFrame Of(GuestRequest request)
    {
        var frame = request switch
        {
            SetEnvironment env => new RequestFrame(FrameType.Env, Json(new EnvPayload(env.Env)), default),
            StartGuestRun run => new RequestFrame(FrameType.Run, RunHead(run), run.Code),
            InterruptGuestRun run => new RequestFrame(FrameType.Interrupt, Json(new InterruptPayload(run.Run.Value, Milliseconds(run.Grace))), default),
            KillGuestRuns kill => new RequestFrame(FrameType.Kill, Json(new KillPayload(kill.Run?.Value, Reason(kill.Reason))), default),
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
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new RunPayload(
                run.Run.Value, Language(run.Language), Milliseconds(run.Timeout), Milliseconds(run.Grace), run.Env,
                run.TraceParent, run.TraceState, run.Baggage),
            GuestJson.Default.RunPayload);
        var head = new byte[sizeof(uint) + json.Length];
        BinaryPrimitives.WriteUInt32BigEndian(head, (uint)json.Length);
        json.CopyTo(head, sizeof(uint));
        return head;
    }

    private static byte[] Json(EnvPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, GuestJson.Default.EnvPayload);

    private static byte[] Json(InterruptPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, GuestJson.Default.InterruptPayload);

    private static byte[] Json(KillPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, GuestJson.Default.KillPayload);

    private static long Milliseconds(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);

    private static string Language(RunLanguage language) => language switch
    {
        RunLanguage.Python => "python",
        RunLanguage.Bash => "bash",
        _ => throw new ArgumentOutOfRangeException(nameof(language)),
    };

    private static string Reason(ExitReason reason) => reason switch
    {
        ExitReason.Killed => "killed",
        ExitReason.Expired => "expired",
        ExitReason.Timeout => "timeout",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), "A kill is killed, expired or timeout."),
    };
}
