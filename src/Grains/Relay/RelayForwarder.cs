using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Resilience;

namespace Podflare.Relay;

/// <summary>
/// Sends what comes from sandboxes to the OTLP endpoint of this process, one request after the other. What waits is sent together. An endpoint that is slow,
/// away or refuses costs nothing but what it does not take.
/// </summary>
internal sealed partial class RelayForwarder(
    IConfiguration settings, IOptions<RelayOptions> options, RelayRequests requests, TimeProvider time, ILogger<RelayForwarder> logger) : BackgroundService
{
    private const int MaxTogetherBytes = 512 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly Dictionary<TelemetrySignal, OtlpDestination> _destinations = options.Value is { Enabled: true, Forward: true }
        ? Enum.GetValues<TelemetrySignal>().Select(signal => (signal, Found: OtlpDestination.Find(signal, settings))).Where(pair => pair.Found is not null).ToDictionary(pair => pair.signal, pair => pair.Found!)
        : [];

    private readonly Lock _gate = new();
    private readonly Queue<Waiting> _waiting = [];
    private readonly SemaphoreSlim _added = new(0);
    private int _bytes;
    private bool _isFailing;
    private volatile bool _isStopping;

    /// <summary>There is an endpoint for this.</summary>
    public bool Takes(TelemetrySignal signal) => _destinations.ContainsKey(signal);

    /// <param name="body">OTLP in protobuf.</param>
    /// <returns>
    /// Completes when the endpoint has taken it, when it was dropped, and while the endpoint does not work: then the copy here is all that there is.
    /// </returns>
    public Task Add(TelemetrySignal signal, byte[] body, int items)
    {
        var waiting = new Waiting(signal, body, items, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            if (_bytes + body.Length > options.Value.ForwardQueueBytes)
            {
                RelayMetrics.DropFromForwarding("queue_full", items);
                return Task.CompletedTask;
            }

            _bytes += body.Length;
            _waiting.Enqueue(waiting);
            if (_isFailing) waiting.Done.TrySetResult();
        }

        if (_added.CurrentCount == 0) _added.Release();
        return waiting.Done.Task;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // What waits is still sent, if that is done soon.
        _isStopping = true;
        _added.Release();
        if (ExecuteTask is { } sending) await sending.WaitAsync(StopLimit, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value is { Enabled: true, Forward: true } && Enum.GetValues<TelemetrySignal>().Any(signal => OtlpDestination.IsGrpc(signal, settings))) LogGrpc();
        while (true)
        {
            var together = TakeTogether();
            if (together.Count > 0) await SendSafelyAsync(together, stoppingToken);
            else if (_isStopping) return;
            else await _added.WaitAsync(stoppingToken);
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
            RelayMetrics.DropFromForwarding("failed", together.Sum(waiting => waiting.Items));
            LogFailed(e);
        }

        lock (_gate) _bytes -= together.Sum(waiting => waiting.Body.Length);
        foreach (var waiting in together) waiting.Done.TrySetResult();
    }

    private async Task SendAsync(List<Waiting> together, CancellationToken cancellationToken)
    {
        var (signal, items) = (together[0].Signal, together.Sum(waiting => waiting.Items));
        var pause = new Backoff(FirstPause, LongestPause, time);
        var began = time.GetTimestamp();
        var limit = TimeSpan.FromSeconds(options.Value.ForwardRetrySeconds);
        while (true)
        {
            // Messages of protobuf that follow each other are one message with all their groups.
            var answer = await requests.SendAsync(_destinations[signal], together.Select(waiting => waiting.Body), cancellationToken);
            MarkFailing(!answer.IsTaken, answer.What);
            if (answer.IsTaken)
            {
                RelayMetrics.Forward(signal, items);
                return;
            }

            if (answer.IsFinal || _isStopping || time.GetElapsedTime(began) + (answer.Pause ?? TimeSpan.Zero) >= limit)
            {
                RelayMetrics.DropFromForwarding(answer.IsFinal ? "rejected" : "expired", items);
                return;
            }

            foreach (var waiting in together) waiting.Done.TrySetResult();
            if (answer.Pause is { } asked) await Task.Delay(asked, time, cancellationToken);
            else await pause.WaitAsync(cancellationToken);
        }
    }

    private void MarkFailing(bool isFailing, string what)
    {
        lock (_gate)
        {
            if (isFailing == _isFailing) return;
            _isFailing = isFailing;
            if (isFailing)
            {
                foreach (var waiting in _waiting) waiting.Done.TrySetResult();
            }
        }

        if (isFailing) LogFailing(what);
        else LogWorking();
    }

    [LoggerMessage(LogLevel.Warning, "The OTLP endpoint speaks gRPC, so that nothing of what sandboxes send is forwarded to it. Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf.")]
    private partial void LogGrpc();

    [LoggerMessage(LogLevel.Warning, "The OTLP endpoint does not take what sandboxes send: {What}. Trying again; further failures are only counted.")]
    private partial void LogFailing(string what);

    [LoggerMessage(LogLevel.Error, "A request to the OTLP endpoint failed unexpectedly; what it had is dropped.")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(LogLevel.Information, "The OTLP endpoint takes what sandboxes send.")]
    private partial void LogWorking();

    private sealed record Waiting(TelemetrySignal Signal, byte[] Body, int Items, TaskCompletionSource Done);
}
