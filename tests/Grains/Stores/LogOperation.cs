namespace Podflare.Stores;

/// <summary>What sandboxes ask of the event log. A fault's subject is <c>{sandbox id}/{run id}</c>; the run id is empty where there is none.</summary>
public enum LogOperation
{
    Accept,
    Withdraw,
    Discard,
    Append,
    FindBounds,
    Read,
    FindRun,
    ListOpen,
    ListRuns,
    ReadUsage,
    ListUnreported,
    MarkReported,
    AddSpans,
    ReadSpans,
    Expire,
}
