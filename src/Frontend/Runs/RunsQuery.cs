using Podflare.Contexts;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>Parses the query of a list of runs.</summary>
internal static class RunsQuery
{
    private const int DefaultLimit = 100;

    public static RunFilter Parse(HttpRequest request, RunOptions limits) => new(
        QueryParameters.Single(request, "kind") switch
        {
            null or "" => null,
            "code" => RunKind.Code,
            "process" => RunKind.Process,
            "watch" => RunKind.Watch,
            _ => throw ProblemException.Invalid("kind", "must be code, process or watch"),
        },
        QueryParameters.Single(request, "state") switch
        {
            null or "" => null,
            "queued" => RunState.Queued,
            "running" => RunState.Running,
            "ended" => RunState.Ended,
            _ => throw ProblemException.Invalid("state", "must be queued, running or ended"),
        },
        ParseContext(request),
        QueryParameters.Single(request, "tag") switch
        {
            null or "" => null,
            var tag when tag.Length <= limits.MaxTag => tag,
            _ => throw ProblemException.Invalid("tag", $"must have at most {limits.MaxTag} characters"),
        },
        (int)(QueryParameters.Number(request, "limit", 1, RunFilter.MaxLimit) ?? DefaultLimit),
        ParseCursor(request));

    private static string? ParseContext(HttpRequest request)
    {
        if (QueryParameters.Single(request, "context") is not { Length: > 0 } text) return null;
        return ContextId.TryParse(text, null, out _) ? text : throw ProblemException.Invalid("context", "must be the id of a context");
    }

    private static RunId? ParseCursor(HttpRequest request)
    {
        if (QueryParameters.Single(request, "cursor") is not { Length: > 0 } text) return null;
        return RunId.TryParse(text, null, out var run) ? run : throw ProblemException.Invalid("cursor", "must be a next_cursor that an earlier page returned");
    }
}
