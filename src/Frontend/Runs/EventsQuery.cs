using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>How a run's events are asked for.</summary>
/// <param name="After">Events with a higher <c>seq</c> are wanted.</param>
/// <param name="HadExit">The reader says that it has seen the run's exit.</param>
/// <param name="Follow">Wait for events that are not there yet, until the exit. An EventSource would come back at once, so it follows by default.</param>
internal sealed record EventsQuery(long After, bool HadExit, bool Follow, bool AsEventStream, TimeSpan? Heartbeat)
{
    private const int MaxHeartbeatSeconds = 3_600;

    public static EventsQuery Parse(HttpRequest request)
    {
        var asEventStream = request.Headers.Accept.Any(accept => accept?.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase) == true);
        var after = QueryParameters.Number(request, "after", 0, long.MaxValue) ?? 0;
        var hadExit = false;
        // An EventSource comes back with its first address, so its last id says more than the query.
        if (asEventStream && request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id) (after, hadExit) = ServerSentEventFormatter.ParseId(id);
        return new EventsQuery(after, hadExit, QueryParameters.Flag(request, "follow") ?? asEventStream, asEventStream, ParseHeartbeat(request));
    }

    public static TimeSpan? ParseHeartbeat(HttpRequest request) =>
        QueryParameters.Number(request, "heartbeat", 1, MaxHeartbeatSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
