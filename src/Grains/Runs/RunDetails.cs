namespace Podflare.Runs;

/// <summary>What the record of a run has beside what every run has. Null where all is as for plain code.</summary>
/// <param name="Context">The context that executes it; null for the default one.</param>
/// <param name="Grace">Time between an interrupt or the timeout and the kill; null for the default.</param>
/// <param name="DisconnectAfter">Time without a reader; null for the default.</param>
/// <param name="KeepAlive">Whether it keeps its sandbox from being idle; null for the default.</param>
/// <param name="IsBinary">Its output is shown as base64.</param>
/// <param name="HasStdin">It was started with an open standard input.</param>
/// <param name="IsFresh">It has an interpreter of its own.</param>
/// <param name="IsTerminal">Its process has a terminal.</param>
/// <param name="NoContent">Its code and output are not sent to its tenant's telemetry destination.</param>
public sealed record RunDetails(
    RunKind? Kind = null,
    string? Context = null,
    string? Tag = null,
    TimeSpan? Grace = null,
    TimeSpan? DisconnectAfter = null,
    bool? KeepAlive = null,
    bool? IsBinary = null,
    bool? HasStdin = null,
    bool? IsFresh = null,
    bool? IsTerminal = null,
    bool? NoContent = null)
{
    /// <summary>The details of a request; null where it has none.</summary>
    public static RunDetails? Of(RunRequest request)
    {
        if (IsPlain(request)) return null;
        return new RunDetails(
            request.Kind is RunKind.Code ? null : request.Kind,
            request.Context,
            request.Tag,
            request.Grace,
            request.DisconnectAfter,
            request.KeepAlive,
            request.Output is { IsBinary: true } ? true : null,
            request.Stdin || request.Process?.Terminal is not null ? true : null,
            request.Fresh is FreshMode.None ? null : true,
            request.Process?.Terminal is null ? null : true,
            request.NoContent ? true : null);
    }

    private static bool IsPlain(RunRequest request) => request is
    {
        Kind: RunKind.Code, Context: null, Tag: null, Grace: null, DisconnectAfter: null, KeepAlive: null, Output: null or { IsBinary: false }, Stdin: false,
        Fresh: FreshMode.None, Process: null, NoContent: false,
    };
}
