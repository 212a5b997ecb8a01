using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>The query of a request for the events of a run.</summary>
/// <param name="After">The response starts with the event after this <c>seq</c>.</param>
/// <param name="HadExit">The client says that it has seen the exit of the run.</param>
/// <param name="Follow">Whether to wait for further events, until the exit. The default for an EventSource, because it would reconnect at once.</param>
internal sealed record EventsQuery(long After, bool HadExit, bool Follow, bool AsEventStream, TimeSpan? Heartbeat)
{
    private const int MaxHeartbeatSeconds = 3_600;

    public static EventsQuery Parse(HttpRequest request)
    {
        var asEventStream = request.Headers.Accept.Any(accept => accept?.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase) == true);
        var after = QueryParameters.Number(request, "after", 0, long.MaxValue) ?? 0;
        var hadExit = false;
        // An EventSource reconnects with its first URL, so its last id is more recent than the query.
        if (asEventStream && request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id) (after, hadExit) = ServerSentEventFormatter.ParseId(id);
        return new EventsQuery(after, hadExit, QueryParameters.Flag(request, "follow") ?? asEventStream, asEventStream, ParseHeartbeat(request));
    }

    public static TimeSpan? ParseHeartbeat(HttpRequest request) =>
        QueryParameters.Number(request, "heartbeat", 1, MaxHeartbeatSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
