using Podflare.Contexts;

namespace Podflare.Runs;

/// <summary>A run as clients see it.</summary>
internal static class RunInfos
{
    /// <param name="entry">What this process knows beside the record and the log; null for nothing.</param>
    public static RunInfo Of(RunEvents events, RunEntry? entry)
    {
        var stored = events.Record;
        var ending = stored.Ending;
        var started = ending?.StartedAt ?? entry?.StartedAt;
        var state = ending is not null ? RunState.Ended : started is null && events.LastSeq == 0 ? RunState.Queued : RunState.Running;
        var process = ending is null ? entry?.Process : null;
        return new RunInfo(
            stored.Id, state, stored.Language, stored.Timeout, stored.CreatedAt, started, ending?.EndedAt, ending?.Code, ending?.Reason,
            events.FirstSeq, events.LastSeq, ending?.ReplRestarted ?? entry?.ReplRestarted ?? false)
        {
            TraceId = stored.Trace?.TraceParent.Substring(3, 32),
            LogBytes = events.LogBytes,
            Kind = stored.Kind,
            Context = ContextOf(stored),
            Tag = stored.Details?.Tag,
            ExecutionCount = ending?.Execution ?? entry?.Execution,
            StateLost = ending?.StateLost is true,
            Signal = ending?.Signal,
            StdinOffset = entry?.StdinOffset ?? (stored.Details is { HasStdin: true } ? 0 : null),
            Pid = process is { Pid: > 0 } ? process.Pid : null,
            Argv = process?.Argv ?? [],
            Cwd = process?.Cwd,
            IsTerminal = stored.Details is { IsTerminal: true },
            Usage = ending?.Usage,
            OpenToolCalls = ending is null ? entry?.ToolCalls?.Ids : null,
        };
    }

    private static string? ContextOf(RunRecord run) => run switch
    {
        { Details.Context: { } context } => context,
        { Kind: RunKind.Code, Language: RunLanguage.Python, Details: null or { IsFresh: null } } => ContextId.Default.Value,
        _ => null,
    };
}
