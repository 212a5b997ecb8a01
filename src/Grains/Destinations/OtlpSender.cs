using Microsoft.Extensions.Logging;
using Podflare.Guests;
using Podflare.Resilience;

namespace Podflare.Destinations;

/// <summary>
/// Sends OTLP data to one destination, one request after the other. What waits is sent together. An endpoint that is slow, away or refuses costs nothing but
/// what it does not take.
/// </summary>
/// <param name="requests">Not disposed here.</param>
internal sealed partial class OtlpSender(
    IReadOnlyDictionary<TelemetrySignal, OtlpDestination> destinations, OtlpSenderSettings settings, OtlpRequests requests, TimeProvider time, ILogger logger)
{
    private const int MaxTogetherBytes = 512 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Queue<Waiting> _waiting = [];
    private readonly SemaphoreSlim _added = new(0);
    private int _bytes;
    private bool _isFailing;
    private volatile bool _isStopping;
    private Task _sending = Task.CompletedTask;
    private DestinationCounters _counters = DestinationCounters.None;

    /// <summary>What became of everything so far.</summary>
    public DestinationCounters Counters
    {
        get { lock (_gate) return _counters; }
    }

    /// <summary>There is an endpoint for this.</summary>
    public bool Takes(TelemetrySignal signal) => destinations.ContainsKey(signal);

    public void Start() => _sending = Task.Run(() => SendAllAsync(_stopping.Token));

    /// <param name="body">OTLP in protobuf.</param>
    /// <returns>
    /// Completes when the endpoint has taken it, when it was dropped, and while the endpoint does not work: then the copy here is all that there is.
    /// </returns>
    public Task Add(TelemetrySignal signal, byte[] body, int items)
    {
        var waiting = new Waiting(signal, body, items, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            if (_isStopping || _bytes + body.Length > settings.QueueBytes)
            {
                Drop("queue_full", items);
                return Task.CompletedTask;
            }

            _bytes += body.Length;
            _waiting.Enqueue(waiting);
            if (_isFailing) waiting.Done.TrySetResult();
        }

        if (_added.CurrentCount == 0) _added.Release();
        return waiting.Done.Task;
    }

    /// <summary>Sends what waits, if that is done soon.</summary>
    public async Task StopAsync()
    {
        _isStopping = true;
        _added.Release();
        await _sending.WaitAsync(StopLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stopping.CancelAsync();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var together = TakeTogether();
            if (together.Count > 0) await SendSafelyAsync(together, cancellationToken);
            else if (_isStopping) return;
            else await _added.WaitAsync(cancellationToken);
        }
    }

    private List<Waiting> TakeTogether()
    {
        List<Waiting> together = [];
        var bytes = 0;
        lock (_gate)
        {
            while (_waiting.TryPeek(out var next) && (together.Count == 0 || next.Signal == together[0].Signal && bytes + next.Body.Length <= MaxTogetherBytes))
            {
                together.Add(_waiting.Dequeue());
                bytes += next.Body.Length;
            }
        }

        return together;
    }

    private async Task SendSafelyAsync(List<Waiting> together, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(together, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Drop("failed", together.Sum(waiting => waiting.Items));
            LogFailed(e, settings.Name);
        }

        lock (_gate) _bytes -= together.Sum(waiting => waiting.Body.Length);
        foreach (var waiting in together) waiting.Done.TrySetResult();
    }

    private async Task SendAsync(List<Waiting> together, CancellationToken cancellationToken)
    {
        var (signal, items) = (together[0].Signal, together.Sum(waiting => waiting.Items));
        var pause = new Backoff(FirstPause, LongestPause, time);
        var began = time.GetTimestamp();
        var limit = settings.RetryFor;
        while (true)
        {
            // Messages of protobuf that follow each other are one message with all their groups.
            var answer = await requests.SendAsync(destinations[signal], together.Select(waiting => waiting.Body), cancellationToken);
            Mark(answer, items);
            if (answer.IsTaken)
            {
                OtlpSenderMetrics.Accepted(settings.Kind, signal, items);
                return;
            }

            if (answer.IsFinal || _isStopping || time.GetElapsedTime(began) + (answer.Pause ?? TimeSpan.Zero) >= limit)
            {
                Drop(answer.IsFinal ? "rejected" : "expired", items);
                return;
            }

            foreach (var waiting in together) waiting.Done.TrySetResult();
            if (answer.Pause is { } asked) await Task.Delay(asked, time, cancellationToken);
            else await pause.WaitAsync(cancellationToken);
        }
    }

    private void Mark(OtlpAnswer answer, int items)
    {
        lock (_gate)
        {
            _counters = answer.IsTaken
                ? _counters with { Sent = _counters.Sent + items, LastSuccessAt = time.GetUtcNow() }
                : _counters with { LastError = answer.Outcome, LastErrorAt = time.GetUtcNow() };
            if (answer.IsTaken != _isFailing) return;
            _isFailing = !answer.IsTaken;
            if (_isFailing)
            {
                foreach (var waiting in _waiting) waiting.Done.TrySetResult();
            }
        }

        if (answer.IsTaken) LogWorking(settings.Name);
        else LogFailing(settings.Name, answer.Outcome);
    }

    /// <param name="reason">A constant.</param>
    private void Drop(string reason, int items)
    {
        lock (_gate) _counters = _counters with { Dropped = _counters.Dropped + items };
        OtlpSenderMetrics.Drop(settings.Kind, reason, items);
    }

    [LoggerMessage(LogLevel.Warning, "The OTLP endpoint of {Destination} does not take what it is sent: {Outcome}. Trying again; further failures are only counted.")]
    private partial void LogFailing(string destination, string outcome);

    [LoggerMessage(LogLevel.Error, "A request to the OTLP endpoint of {Destination} failed unexpectedly; what it had is dropped.")]
    private partial void LogFailed(Exception exception, string destination);

    [LoggerMessage(LogLevel.Information, "The OTLP endpoint of {Destination} takes what it is sent.")]
    private partial void LogWorking(string destination);

    private sealed record Waiting(TelemetrySignal Signal, byte[] Body, int Items, TaskCompletionSource Done);
}

/// <param name="Kind">The label of metrics: <c>operator</c> or <c>tenant</c>.</param>
/// <param name="Name">Whose destination it is, for the log.</param>
/// <param name="QueueBytes">The most that may wait.</param>
/// <param name="RetryFor">Time after which data that is not taken is dropped.</param>
internal sealed record OtlpSenderSettings(string Kind, string Name, int QueueBytes, TimeSpan RetryFor);
