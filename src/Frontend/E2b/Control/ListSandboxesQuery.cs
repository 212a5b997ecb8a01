using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Podflare.Hosts;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Control;

/// <summary>The query of a list.</summary>
/// <param name="Filter">Null if no sandbox of this server can match.</param>
internal sealed record ListSandboxesQuery(SandboxFilter? Filter)
{
    private const int MaxPage = 100;
    private const int MaxTemplate = 128;

    /// <exception cref="ProblemException">400 that names the parameter.</exception>
    public static ListSandboxesQuery Parse(HttpRequest request, E2bOptions dialect, CreateOptions options)
    {
        string[] states = [.. request.Query["state"].SelectMany(value => value?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [])];
        if (states.Any(state => state is not ("running" or "paused"))) throw ProblemException.Invalid("state", "must be running or paused");
        // A sandbox of this server is never paused.
        if (states.Length > 0 && !states.Contains("running")) return new ListSandboxesQuery((SandboxFilter?)null);
        var cursor = CursorOf(request);
        var limit = (int)(QueryParameters.Number(request, "limit", 1, int.MaxValue) ?? MaxPage);
        return new ListSandboxesQuery(new SandboxFilter(SandboxState.Ready, MetadataOf(request, options), Math.Min(limit, MaxPage), cursor?.CreatedAt, cursor?.Id.Value)
        {
            OldestFirst = OrderOf(request),
            CreatedAfter = StartedAfterOf(request),
            Template = TemplateOf(request, dialect),
        });
    }

    // A query inside the value of a query: names and values are encoded once more than usual.
    private static ImmutableSortedDictionary<string, string> MetadataOf(HttpRequest request, CreateOptions options)
    {
        var pairs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in QueryHelpers.ParseQuery(QueryParameters.Single(request, "metadata")))
        {
            var value = values.ToString();
            // Current clients encode the pairs, and then the query of them.
            var (key, text) = (Uri.UnescapeDataString(name), Uri.UnescapeDataString(value));
            if (RequestFields.WrongMetadata(key, text) is { } wrong) throw ProblemException.Invalid("metadata", wrong);
            pairs[key] = text;
        }

        return pairs.Count <= options.MaxMetadataPairs ? pairs.ToImmutable() : throw ProblemException.Invalid("metadata", $"must have at most {options.MaxMetadataPairs} pairs");
    }

    private static bool OrderOf(HttpRequest request) => QueryParameters.Single(request, "order") switch
    {
        null or "" or "desc" => false,
        "asc" => true,
        _ => throw ProblemException.Invalid("order", "must be asc or desc"),
    };

    private static DateTimeOffset? StartedAfterOf(HttpRequest request) => QueryParameters.Single(request, "startedAfter") is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at
        : throw ProblemException.Invalid("startedAfter", "must be a time such as 2026-01-31T12:00:00Z");

    private static string? TemplateOf(HttpRequest request, E2bOptions dialect) => QueryParameters.Single(request, "template") switch
    {
        null or "" => null,
        var name when name.Length <= MaxTemplate => dialect.TemplateOf(name),
        _ => throw ProblemException.Invalid("template", $"must have at most {MaxTemplate} characters"),
    };

    private static ListCursor? CursorOf(HttpRequest request)
    {
        if (QueryParameters.Single(request, "nextToken") is not { Length: > 0 } text) return null;
        return ListCursor.TryParse(text, out var cursor) ? cursor : throw ProblemException.Invalid("nextToken", "must be the header X-Next-Token of an earlier page");
    }
}
