using System.Collections.Immutable;
using Podflare.Hosts;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Sandboxes;

/// <summary>The validated query of a list.</summary>
internal sealed record ListQuery(SandboxFilter Filter, IReadOnlyList<string> Warnings)
{
    private const string MetadataPrefix = "metadata.";

    public static ListQuery Parse(HttpRequest request, CreateOptions options)
    {
        var warnings = new List<string>();
        var wanted = QueryParameters.Number(request, "limit", 1, int.MaxValue);
        var limit = wanted is { } number ? (int)RequestFields.Cap("limit", number, options.MaxPage, warnings) : options.DefaultPage;
        var cursor = ParseCursor(request);
        return new ListQuery(new SandboxFilter(ParseState(request), ParseMetadata(request, options), limit, cursor?.CreatedAt, cursor?.Id.Value), warnings);
    }

    private static SandboxState? ParseState(HttpRequest request) => QueryParameters.Single(request, "state") switch
    {
        null or "" => null,
        "ready" => SandboxState.Ready,
        "ending" => SandboxState.Ending,
        "ended" => SandboxState.Ended,
        "lost" => SandboxState.Lost,
        _ => throw ProblemException.Invalid("state", "must be ready, ending, ended or lost"),
    };

    private static ListCursor? ParseCursor(HttpRequest request)
    {
        if (QueryParameters.Single(request, "cursor") is not { Length: > 0 } text) return null;
        return ListCursor.TryParse(text, out var cursor) ? cursor : throw ProblemException.Invalid("cursor", "must be a next_cursor that an earlier page returned");
    }

    private static ImmutableSortedDictionary<string, string> ParseMetadata(HttpRequest request, CreateOptions options)
    {
        var pairs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var field in request.Query.Keys.Where(key => key.StartsWith(MetadataPrefix, StringComparison.Ordinal)))
        {
            var (name, value) = (field[MetadataPrefix.Length..], QueryParameters.Single(request, field) ?? "");
            if (RequestFields.WrongMetadata(name, value) is { } wrong) throw ProblemException.Invalid(field, wrong);
            pairs[name] = value;
        }

        return pairs.Count <= options.MaxMetadataPairs
            ? pairs.ToImmutable()
            : throw ProblemException.Invalid("metadata", $"must have at most {options.MaxMetadataPairs} pairs");
    }
}
