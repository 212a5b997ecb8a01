using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>
/// The producer's end of the run streams: one pump per subscriber, on the grain's scheduler. The grain calls <see cref="StopAll"/> from
/// <c>OnDeactivateAsync</c>.
/// </summary>
public sealed partial class RunStreamExtension(
    IGrainContext grain, IOptions<RunOptions> options, TimeProvider time, ILogger<RunStreamExtension> logger) : IRunStreamExtension
{
    private readonly Dictionary<Guid, RunPump> _pumps = [];
    private bool _stopped;

    /// <summary>Subscriptions under way.</summary>
    public int Readers => _pumps.Count;

    private IRunEventsSource Source =>
        grain.GetComponent<IRunEventsSource>()
        ?? grain.GrainInstance as IRunEventsSource
        ?? throw new InvalidOperationException($"{grain.GrainId} has no run events.");

    public async Task Subscribe(Guid id, TenantId tenant, RunId run, long afterSeq, bool expectStart, IRunSubscriber subscriber)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(afterSeq);
        if (_stopped) throw new SandboxUnreachableException();
        await Unsubscribe(id);
        if (_pumps.Count >= options.Value.MaxReaders) throw new TooManyReadersException(options.Value.MaxReaders);

        // It takes its place before the first await: calls interleave.
        var pump = _pumps[id] = new RunPump(afterSeq, subscriber, options.Value, time, logger);
        try
        {
            var events = await Source.OpenEventsAsync(tenant, run, expectStart, pump.Stopping);
            await events.ReadAfterAsync(afterSeq, 1, pump.Stopping);  // evicted: the caller learns it here
            Start(id, pump, events);
        }
        catch
        {
            Remove(id, pump);
            throw;
        }
    }

    public Task Unsubscribe(Guid id)
    {
        if (_pumps.Remove(id, out var pump)) pump.Stop();
        return Task.CompletedTask;
    }

    /// <summary>Ends all subscriptions and tells the subscribers to come again; later ones are refused. Does not wait for them.</summary>
    public void StopAll()
    {
        _stopped = true;
        foreach (var pump in _pumps.Values)
        {
            pump.Stop();
            pump.NotifyMoved();
        }

        _pumps.Clear();
    }

    /// <summary>The pump outlives the call: it inherits neither its trace nor its request context, but has those of the run.</summary>
    private void Start(Guid id, RunPump pump, RunEvents events)
    {
        using (ExecutionContext.SuppressFlow())
        {
            Background.Run(
                logger, "reader", Task.Factory.StartNew(() => RunAsync(id, pump, events), CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Current).Unwrap());
        }
    }

    private async Task RunAsync(Guid id, RunPump pump, RunEvents events)
    {
        RequestContext.Clear();
        if (events.Record.Trace is { } trace) CallContext.Set(trace.ForCode, trace.ToBinding());
        Instruments.Subscribers.Add(1);
        try
        {
            await pump.RunAsync(events);
        }
        catch (OperationCanceledException) when (pump.Stopping.IsCancellationRequested)
        {
            // Unsubscribed, replaced, or the grain stops.
        }
        catch (Exception e)
        {
            LogSubscriberLeft(e, id, grain.GrainId);
        }
        finally
        {
            Instruments.Subscribers.Add(-1);
            Remove(id, pump);
        }
    }

    private void Remove(Guid id, RunPump pump)
    {
        if (_pumps.GetValueOrDefault(id) == pump) _pumps.Remove(id);
        pump.Dispose();
    }

    [LoggerMessage(LogLevel.Information, "Subscriber {Id} of {Sandbox} is gone.")]
    private partial void LogSubscriberLeft(Exception exception, Guid id, GrainId sandbox);
}
