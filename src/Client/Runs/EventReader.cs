using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Podflare;

/// <summary>
/// Delivers a run's events in order and each once, over as many connections as needed. Only a new event renews the budget of resumes, so that
/// a server that accepts connections and sends nothing cannot keep the reader forever.
/// </summary>
internal sealed class EventReader(SandboxScope context, string run, Activity? span)
{
    private readonly Transport _transport = context.Transport;

    /// <summary>Called when a connection was lost and the reading continues.</summary>
    public Action? Cut { get; init; }

    /// <param name="takeOpened">Returns a response that streams the run from its first event, if one is open already.</param>
    public async IAsyncEnumerable<SandboxEvent> ReadAsync(
        Func<HttpResponseMessage?> takeOpened, long after, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var response = after == 0 && follow ? takeOpened() : null;
        var last = after;
        var resumes = _transport.Resumes((cause, pause, attempt) =>
            Log.Resuming(_transport.Logger, run, last, Sentence.End(cause.Message), (long)pause.TotalMilliseconds, attempt, _transport.Options.MaxResumes));
        while (true)
        {
            LineReader? lines = null;
            PodflareException? failure = null;
            try
            {
                (lines, failure) = await OpenAsync(response, last, follow, cancellationToken).ConfigureAwait(false);
                response = null;
                while (lines is not null)
                {
                    (var line, failure) = await NextAsync(lines).ConfigureAwait(false);
                    if (failure is not null) break;
                    if (line is not { } next)
                    {
                        if (!follow) yield break;
                        failure = new PodflareConnectionException("The stream ended without an exit event.");
                        break;
                    }

                    // After the last event of an ended run, the server repeats the exit with a seq that is not higher.
                    if (next.Event is ExitEvent exit && next.Seq <= last + 1)
                    {
                        yield return exit;
                        yield break;
                    }

                    if (next.Seq <= last) continue;
                    if (next.Seq != last + 1)
                    {
                        failure = new PodflareProtocolException($"Event {last + 1} is missing: the server sent event {next.Seq} instead.");
                        break;
                    }

                    last = next.Seq;
                    resumes.Reset();
                    if (next.Event is not null) yield return next.Event;
                }
            }
            finally
            {
                response?.Dispose();
                lines?.Dispose();
            }

            if (!await resumes.TryWaitAsync(failure!, cancellationToken).ConfigureAwait(false)) throw new StreamBrokenException(run, last, failure);
            Cut?.Invoke();
        }
    }

    private async Task<(LineReader? Lines, PodflareException? Failure)> OpenAsync(
        HttpResponseMessage? opened, long after, bool follow, CancellationToken cancellationToken)
    {
        try
        {
            var response = opened ?? await _transport.AttemptAsync(EventsCall(after, follow), (answer, _) => Task.FromResult(answer), cancellationToken).ConfigureAwait(false);
            return (await LineReader.OpenAsync(response, _transport.Options, _transport.Time, cancellationToken).ConfigureAwait(false), null);
        }
        catch (PodflareException e) when (RetryPolicy.IsRetryable(e))
        {
            return (null, e);
        }
    }

    private static async Task<(EventLine? Line, PodflareException? Failure)> NextAsync(LineReader lines)
    {
        try
        {
            return await lines.ReadAsync().ConfigureAwait(false) is { } line ? (EventParser.Parse(line.Span), null) : (null, null);
        }
        catch (Exception e) when (e is PodflareConnectionException or PodflareProtocolException)
        {
            return (null, (PodflareException)e);
        }
    }

    private ApiCall EventsCall(long after, bool follow) =>
        context.Call(HttpMethod.Get, $"runs/{Uri.EscapeDataString(run)}/events?after={after}&follow={(follow ? "true" : "false")}&heartbeat={_transport.Options.HeartbeatInterval.TotalSeconds:0}")
            with
        { Span = span };
}
