using System.Collections.Immutable;
using System.Globalization;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Feed;

/// <summary>In which form events are sent. The last two follow the feed.</summary>
internal enum FeedFormat
{
    Page,
    Lines,
    EventStream,
}

/// <summary>The query of <c>GET /v1/events</c>.</summary>
/// <param name="Wait">How long a page waits for an event.</param>
internal sealed record FeedRequest(FeedQuery Query, TimeSpan Wait, FeedFormat Format)
{
    public const string EventStream = "text/event-stream";
    public const string Lines = "application/x-ndjson";

    private const int DefaultLimit = 100;
    private const int MaxWaitSeconds = 60;
    private const int MaxTypes = 16;

    /// <exception cref="ProblemException">400 that names the parameter.</exception>
    public static FeedRequest Parse(HttpRequest request)
    {
        var format = FormatOf(request);
        var after = QueryParameters.Number(request, "after", 0, long.MaxValue) ?? 0;
        // An EventSource reconnects with its first URL, so its last id is more recent than the query.
        if (format is FeedFormat.EventStream && request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id) after = ParseId(id);
        var query = new FeedQuery(after, (int)(QueryParameters.Number(request, "limit", 1, FeedQuery.MaxLimit) ?? DefaultLimit), Types(request), Sandbox(request));
        return new FeedRequest(query, TimeSpan.FromSeconds(QueryParameters.Number(request, "wait", 0, MaxWaitSeconds) ?? 0), format);
    }

    private static long ParseId(string id) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) ? seq : throw ProblemException.Invalid("Last-Event-ID", "must be the id of an event");

    private static FeedFormat FormatOf(HttpRequest request)
    {
        if (Accepts(request, EventStream)) return FeedFormat.EventStream;
        return Accepts(request, Lines) ? FeedFormat.Lines : FeedFormat.Page;
    }

    private static bool Accepts(HttpRequest request, string type) => request.Headers.Accept.Any(accept => accept?.Contains(type, StringComparison.OrdinalIgnoreCase) == true);

    private static ImmutableArray<string> Types(HttpRequest request)
    {
        if (QueryParameters.Single(request, "types") is not { Length: > 0 } text) return [];
        var types = text.Split(',', StringSplitOptions.TrimEntries);
        return types.Length <= MaxTypes && types.All(FeedEventType.IsPattern)
            ? [.. types]
            : throw ProblemException.Invalid("types", $"must be types of events, separated by commas: {string.Join(", ", FeedEventType.All)}, or a group such as run.*");
    }

    private static SandboxId? Sandbox(HttpRequest request)
    {
        if (QueryParameters.Single(request, "sandbox") is not { Length: > 0 } text) return null;
        return SandboxId.TryParse(text, null, out var id) ? id : throw ProblemException.Invalid("sandbox", "must be the id of a sandbox");
    }
}
