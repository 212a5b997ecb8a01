using System.Buffers;
using System.Buffers.Binary;
using Podflare.Contexts;
using Podflare.Resources;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>Decodes a guest's answers to requests. User code may have taken over the guest: what makes no sense breaks the protocol.</summary>
internal static class AnswerDecoder
{
    // A guest has 8 contexts at most, and 64 open runs.
    private const int MaxContexts = 64;
    private const int MaxRuns = 256;
    private const int MaxFolder = 4_096;

    /// <exception cref="GuestProtocolException">It is not a valid answer.</exception>
    public static GuestAnswer Decode(in Frame frame)
    {
        if (frame.Header.Type == FrameType.Refused)
        {
            var refused = FrameJson.Read(frame, GuestJson.Default.RefusedPayload);
            return new GuestRefused(refused.Code ?? throw new GuestProtocolException("a REFUSED without code"), refused.Detail) { Offset = refused.Offset };
        }

        var taken = FrameJson.Read(frame, GuestJson.Default.TakenPayload);
        var answer = new GuestTaken(taken.State is null or "unknown" ? null : State(taken.State), taken.ReplRestarted ?? false)
        {
            Execution = taken.Execution is > 0 ? taken.Execution : null,
            Offset = taken.Offset,
            CpuTime = taken.CpuNs is { } cpu ? CpuTime((ulong)Math.Max(0, cpu)) : null,
            Throttled = taken.ThrottledNs is { } throttled ? CpuTime((ulong)Math.Max(0, throttled)) : null,
            OomKills = taken.OomKills is >= 0 and <= ResourceLimit.Count ? (int)taken.OomKills : null,
        };
        return taken.Contexts is null && taken.Runs is null ? answer : WithContexts(answer, taken);
    }

    /// <summary>The CPU time in a <c>PONG</c>; null from an older guest.</summary>
    public static TimeSpan? Pong(in Frame frame)
    {
        if (frame.Header.Length < sizeof(ulong)) return null;
        Span<byte> nanoseconds = stackalloc byte[sizeof(ulong)];
        frame.Payload.Slice(0, sizeof(ulong)).CopyTo(nanoseconds);
        return CpuTime(BinaryPrimitives.ReadUInt64BigEndian(nanoseconds));
    }

    /// <summary>All that a container uses, in a <c>PONG</c>; null where that does not have it.</summary>
    public static ResourceSample? Sample(in Frame frame)
    {
        if (frame.Header.Length < ResourceSample.Size) return null;
        Span<byte> report = stackalloc byte[ResourceSample.Size];
        frame.Payload.Slice(0, ResourceSample.Size).CopyTo(report);
        return ResourceSample.Read(report);
    }

    private static TimeSpan CpuTime(ulong nanoseconds) => TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick));

    public static RunState State(string state) => state switch
    {
        "queued" => RunState.Queued,
        "running" => RunState.Running,
        "ended" => RunState.Ended,
        _ => throw new GuestProtocolException("an unknown state of a run"),
    };

    private static GuestTaken WithContexts(GuestTaken answer, TakenPayload taken)
    {
        if (taken.Contexts is { Length: > MaxContexts } || taken.Runs is { Length: > MaxRuns }) throw new GuestProtocolException("an answer with too many contexts or runs");
        return answer with
        {
            Contexts = [.. (taken.Contexts ?? []).Select(Context)],
            Runs = [.. (taken.Runs ?? []).Select(Run)],
            Created = taken.Created ?? false,
        };
    }

    private static ContextInfo Context(ContextPayload? context)
    {
        if (context is null || !ContextId.TryParse(context.Id, null, out var id)) throw new GuestProtocolException("a context without id");
        var state = context.State switch
        {
            "idle" => ContextState.Idle,
            "busy" => ContextState.Busy,
            "starting" => ContextState.Starting,
            _ => throw new GuestProtocolException("an unknown state of a context"),
        };
        var folder = context.Cwd is not { } cwd ? "" : cwd.Length > MaxFolder ? cwd[..MaxFolder] : cwd;
        return new ContextInfo(
            id, context.Language == "bash" ? RunLanguage.Bash : RunLanguage.Python, folder, state, context.Run is null ? null : Run(context.Run), Math.Max(0, context.Queued ?? 0), Math.Max(0, context.ExecutionCount ?? 0));
    }

    private static RunId Run(string? run) => RunId.TryParse(run, null, out var id) ? id : throw new GuestProtocolException("an answer that names no run");
}
