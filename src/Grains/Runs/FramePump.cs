using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podflare.Guests;
using Podflare.Processes;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What a pump tells its sandbox. Called on the grain's scheduler, between two batches.</summary>
public interface IFramePumpOwner
{
    /// <summary>A guest connected: compare what it holds with what we have. Its frames wait until this is done.</summary>
    Task OnConnectedAsync(GuestHello hello, CancellationToken cancellationToken);

    void OnDisconnected();

    void OnStarted(RunId run, DateTimeOffset at);

    /// <summary>The run of a frame; null when there is no record of it (any more), and its frames are nobody's.</summary>
    Task<RunEntry?> FindAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>The exit of a run is in the log.</summary>
    void OnEnded(RunEntry run);

    /// <summary>The log refused us: another activation has taken over.</summary>
    void OnReplaced();

    /// <summary>The log lost events of an open run that we cannot make again.</summary>
    Task OnBehindAsync(RunEntry run, CancellationToken cancellationToken);
}

/// <summary>
/// Moves one guest's frames into the event log, in order: split, number, render, append, publish, acknowledge. One batch is in flight;
/// what arrives meanwhile is the next one.
/// </summary>
public sealed partial class FramePump(SandboxId sandbox, GuestPort port, IFramePumpOwner owner, RunOptions options, ILogger logger)
{
    private readonly List<GuestFrame> _batch = [];
    private int _bytes;
    private readonly CancellationTokenSource _patience = new();

    /// <summary>The sandbox ends: the log's trimming waits for no reader any more.</summary>
    public void Hurry() => _patience.Cancel();

    /// <summary>No frame is waiting to be logged.</summary>
    public bool IsIdle { get; private set; } = true;

    /// <summary>Runs until the channel completes.</summary>
    public async Task RunAsync(ChannelReader<GuestEvent> events, CancellationToken cancellationToken)
    {
        while (await events.WaitToReadAsync(cancellationToken))
        {
            IsIdle = false;
            while (events.TryRead(out var next))
            {
                if (next is GuestFrame frame)
                {
                    if (Ends(frame) && !await FlushAsync(cancellationToken)) return;
                    Add(frame);
                    if (frame is GuestRunEnded && !await FlushAsync(cancellationToken)) return;
                    continue;
                }

                if (!await FlushAsync(cancellationToken)) return;
                await ApplyAsync(next, cancellationToken);
            }

            if (!await FlushAsync(cancellationToken)) return;
            IsIdle = true;
        }
    }

    private async Task ApplyAsync(GuestEvent next, CancellationToken cancellationToken)
    {
        switch (next)
        {
            case GuestConnected connected:
                await owner.OnConnectedAsync(connected.Hello, cancellationToken);
                break;
            case GuestDisconnected:
                owner.OnDisconnected();
                break;
            case GuestRunStarted started:
                owner.OnStarted(started.Run, started.At);
                break;
        }
    }

    // A batch holds frames of one run, so that one append covers it.
    private bool Ends(GuestFrame frame) => _batch.Count > 0 && (_bytes >= options.BatchBytes || _batch[0].Run != frame.Run);

    private void Add(GuestFrame frame)
    {
        _batch.Add(frame);
        if (frame is GuestOutput output) _bytes += output.Bytes.Length;
    }

    /// <returns>False when this pump must stop.</returns>
    private async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        if (_batch.Count == 0) return true;
        var last = _batch[^1];
        var run = await owner.FindAsync(last.Run, cancellationToken);
        FaultPoint.Reach(last is GuestRunEnded ? FaultPoint.EndArrived : FaultPoint.FramesArrived);
        var before = run?.Events!.LastSeq ?? 0;
        var result = run is null ? AppendResult.Ended : await AppendAsync(run, cancellationToken);
        if (result is AppendResult.Done) Count(run!, before);
        _batch.Clear();
        _bytes = 0;
        switch (result)
        {
            case AppendResult.Fenced:
                owner.OnReplaced();
                return false;
            case AppendResult.Behind:
                await owner.OnBehindAsync(run!, cancellationToken);
                break;
            case AppendResult.Ended:
                LogDropped(sandbox, last.Run, last.Number);
                break;
        }

        FaultPoint.Reach(last is GuestRunEnded ? FaultPoint.EndPublished : FaultPoint.FramesPublished);
        port.Acknowledge(last.Number);
        if (run is { Ended: true, EndedAt: null }) owner.OnEnded(run);
        return true;
    }

    private void Count(RunEntry run, long before)
    {
        if (_batch.Count == 0) return;
        RunMetrics.Logged(run, before, _batch[0].Time);
        foreach (var frame in _batch)
        {
            if (frame is not GuestOutput output) continue;
            if (output.IsError) run.StderrBytes += output.Bytes.Length;
            else run.StdoutBytes += output.Bytes.Length;
            Instruments.Output.Add(output.Bytes.Length, output.IsError ? RunMetrics.Stderr : RunMetrics.Stdout);
        }
    }

    private async Task<AppendResult> AppendAsync(RunEntry run, CancellationToken cancellationToken)
    {
        var events = run.Events!;
        while (true)
        {
            if (events.Ended) return AppendResult.Ended;
            _batch.RemoveAll(frame => frame.Number <= events.LastFrame);
            if (_batch.Count == 0) return AppendResult.Done;
            var hurried = _patience.IsCancellationRequested;
            using var impatient = hurried ? null : CancellationTokenSource.CreateLinkedTokenSource(_patience.Token, cancellationToken);
            try
            {
                var result = await events.AppendAsync(
                    EventLine.Render(_batch, events.LastSeq), _batch[^1].Number, EndingOf(run), hurried, impatient?.Token ?? cancellationToken);
                if (result is not AppendResult.Renumber) return result;
            }
            catch (OperationCanceledException) when (!hurried && !cancellationToken.IsCancellationRequested)
            {
                // The sandbox ends: the same again, waiting for no reader.
            }
        }
    }

    private RunEnding? EndingOf(RunEntry run) => _batch[^1] is GuestRunEnded end
        ? new RunEnding(end.Code, end.Reason, end.Started ?? run.StartedAt, DateTimeOffset.FromUnixTimeMilliseconds(end.Time), end.ReplRestarted)
        : null;

    [LoggerMessage(LogLevel.Information, "Dropped frames up to {Number} of run {Run} in sandbox {Sandbox}: it has ended already, or there is no record of it.")]
    private partial void LogDropped(SandboxId sandbox, RunId run, ulong number);
}
