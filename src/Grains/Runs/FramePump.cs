using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Podflare.Guests;
using Podflare.Processes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>Consecutive frames of one run, which one append covers. The pump reuses it: it is valid until the next one is read.</summary>
public sealed record FrameBatch : GuestEvent
{
    // A frame is an object and becomes an event, however few bytes it carries: without this, a batch could hold a quarter of a million.
    private const int FrameOverhead = 64;

    internal List<GuestFrame> Frames { get; } = [];

    public GuestFrame Last => Frames[^1];

    public RunId Run => Last.Run;

    public bool IsEmpty => Frames.Count == 0;

    internal int Cost { get; private set; }

    internal void Add(GuestFrame frame)
    {
        Frames.Add(frame);
        Cost += FrameOverhead + frame switch
        {
            GuestOutput output => output.Bytes.Length,
            GuestResult result => result.Body.Length,
            GuestLateOutput late => late.Bytes.Length,
            GuestInputRequest request => request.Prompt.Length,
            GuestFileChanged change => change.Body.Length,
            GuestToolRequest call => call.Body.Length,
            _ => 0,
        };
    }

    internal void Clear()
    {
        Frames.Clear();
        Cost = 0;
    }
}

/// <summary>
/// Reads one guest's events in order, gathers frames to batches, and moves a batch into the event log: render, number, append, publish.
/// One batch is in progress; what arrives meanwhile becomes the next one. Used on the grain's scheduler only.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer and without a wait handle has nothing to dispose of.")]
public sealed class FramePump(ChannelReader<GuestEvent> events, RunOptions options)
{
    private readonly FrameBatch _batch = new();
    private readonly CancellationTokenSource _readerPatience = new();
    private GuestEvent? _next;

    /// <summary>No event is waiting to be handled.</summary>
    public bool IsIdle { get; private set; } = true;

    /// <summary>The sandbox ends: trimming of the log no longer waits for readers.</summary>
    public void StopWaitingForReaders() => _readerPatience.Cancel();

    /// <summary>Waits for the next event.</summary>
    /// <returns>False when the channel has completed.</returns>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => events.WaitToReadAsync(cancellationToken);

    /// <summary>The next <see cref="FrameBatch"/>, or an event that is not a frame.</summary>
    /// <returns>False when there is nothing to read yet.</returns>
    public bool TryNext([NotNullWhen(true)] out GuestEvent? next)
    {
        _batch.Clear();
        next = null;
        while (_next is not null || events.TryRead(out _next))
        {
            if (_next is not GuestFrame frame)
            {
                if (!_batch.IsEmpty) break;
                (next, _next) = (_next, null);
                IsIdle = false;
                return true;
            }

            if (!_batch.IsEmpty && (_batch.Cost >= options.BatchBytes || _batch.Run != frame.Run)) break;
            _batch.Add(frame);
            _next = null;
            if (frame is GuestRunEnded) break;
        }

        IsIdle = _batch.IsEmpty;
        if (!IsIdle) next = _batch;
        return !IsIdle;
    }

    /// <summary>Appends a batch to the events of its run. Frames that the log covers already are left out.</summary>
    public async Task<AppendResult> AppendAsync(RunEntry run, FrameBatch batch, CancellationToken cancellationToken)
    {
        var events = run.Events!;
        var before = events.LastSeq;
        FaultPoint.Reach(batch.Last is GuestRunEnded ? FaultPoint.EndArrived : FaultPoint.FramesArrived);
        while (true)
        {
            if (events.Ended) return AppendResult.Ended;
            batch.Frames.RemoveAll(frame => frame.Number <= events.LastFrame);
            if (batch.IsEmpty) return AppendResult.Done;
            var impatient = _readerPatience.IsCancellationRequested || run.Kind is RunKind.Background;
            using var patience = impatient ? null : CancellationTokenSource.CreateLinkedTokenSource(_readerPatience.Token, cancellationToken);
            try
            {
                var result = await events.AppendAsync(
                    EventLine.Render(batch.Frames, events.LastSeq, events.Record.IsBinary), batch.Last.Number, EndingOf(run, batch.Last), impatient, patience?.Token ?? cancellationToken);
                if (result is AppendResult.Renumber) continue;
                if (result is AppendResult.Done) Count(run, batch, before);
                return result;
            }
            catch (OperationCanceledException) when (!impatient && !cancellationToken.IsCancellationRequested)
            {
                // The sandbox ends: the same batch again, without waiting for readers.
            }
        }
    }

    private static RunEnding? EndingOf(RunEntry run, GuestFrame last) => last is GuestRunEnded end
        ? new RunEnding(end.Code, end.Reason, end.Started ?? run.StartedAt, DateTimeOffset.FromUnixTimeMilliseconds(end.Time), end.ReplRestarted,
            end.Execution, end.StateLost ? true : null, end.Signal, end.Usage)
        : null;

    private static void Count(RunEntry run, FrameBatch batch, long before)
    {
        RunMetrics.Logged(run, before, batch.Frames[0].Time);
        foreach (var frame in batch.Frames)
        {
            if (frame is GuestProcessStarted started) run.MarkProcess((int)started.Pid);
            if (frame is not GuestOutput output) continue;
            if (output.IsError) run.StderrBytes += output.Bytes.Length;
            else run.StdoutBytes += output.Bytes.Length;
            run.Content?.AddOutput(output.Bytes.Span, output.IsError);
            Instruments.Output.Add(output.Bytes.Length, output.IsError ? RunMetrics.Stderr : RunMetrics.Stdout);
        }
    }
}
