using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Podflare.Guests;
using Podflare.Processes;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>The guest of one sandbox: whether it is connected, and what it reports about runs.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer and without a wait handle has nothing to dispose of.")]
internal sealed partial class GuestSession(SandboxRecords records, SandboxRuns runs, SandboxSettings settings, TimeProvider time, ILogger logger)
{
    // A guest may hold a few runs whose records the store has lost. One that reports more is not a guest of ours any more.
    private const int MaxUnknownRuns = 64;

    private static readonly TimeSpan DisconnectLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DisconnectPollInterval = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FramePump? _pump;
    private Task _pumping = Task.CompletedTask;
    private int _unknownRuns;

    /// <summary>Null before <see cref="Attach"/> and after <see cref="WaitUntilDrainedAsync"/>.</summary>
    public GuestPort? Port { get; private set; }

    /// <summary>Since when no guest is connected, as a timestamp; null while one is.</summary>
    public long? AwayAt { get; private set; }

    /// <summary>The guest that connected is not the one that the record names: the container was started anew, and its state is gone.</summary>
    public bool IsOther { get; private set; }

    /// <summary>A guest is connected, and all its frames are in the log.</summary>
    public bool IsCaughtUp => AwayAt is null && _pump is { IsIdle: true };

    /// <summary>Begins to move the guest's frames into the log.</summary>
    public void Attach(GuestPort port)
    {
        Port = port;
        port.Telemetry.SetSource(new TelemetrySource(records.Record.Tenant, records.Record.Template));
        _pump = new FramePump(port.Attach(), settings.Runs);
        _pumping = GrainTask.Start(() => PumpAsync(port, _pump));
    }

    /// <summary>Waits until the guest has reported to this activation which runs it holds: their processes, input and open tool calls.</summary>
    /// <returns>False when the time is over.</returns>
    public async ValueTask<bool> WaitUntilReportedAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (!_reported.Task.IsCompleted) await GrainTask.IgnoreFailure(_reported.Task.WaitAsync(limit, time, cancellationToken));
        return _reported.Task.IsCompleted;
    }

    /// <summary>The guest is connected, and stays so: a container that has just died closes its connection within a moment.</summary>
    public async Task<bool> IsConnectedAsync()
    {
        var start = time.GetTimestamp();
        while (Port is { Connected: true } && !IsOther)
        {
            if (time.GetElapsedTime(start) >= DisconnectLimit) return true;
            await Task.Delay(DisconnectPollInterval, time);
        }

        return false;
    }

    /// <summary>The guest could not answer: the time for which it is away begins anew.</summary>
    public void RestartPatience()
    {
        if (AwayAt is not null) AwayAt = time.GetTimestamp();
    }

    /// <summary>The sandbox ends: frames that have arrived are logged without waiting for readers.</summary>
    public void StopWaitingForReaders() => _pump?.StopWaitingForReaders();

    /// <summary>Waits until what had arrived when the port was closed is in the log.</summary>
    public async Task WaitUntilDrainedAsync()
    {
        await _pumping;
        Port = null;
    }

    /// <summary>The activation stops. What was not acknowledged is sent again to the next one.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await GrainTask.IgnoreFailure(_pumping.WaitAsync(cancellationToken));
    }

    private async Task PumpAsync(GuestPort port, FramePump pump)
    {
        records.EnterTrace();
        try
        {
            while (await pump.WaitAsync(_stopping.Token))
            {
                while (pump.TryNext(out var next))
                {
                    if (next is not FrameBatch batch) await ApplyAsync(next);
                    else if (!await LogAsync(port, pump, batch)) return;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The activation stops.
        }
        catch (Exception e)
        {
            // Nothing is lost: what was not acknowledged is sent again to the next activation.
            LogPumpFailed(e, records.Id);
            records.StepDown();
        }
    }

    private async Task ApplyAsync(GuestEvent next)
    {
        switch (next)
        {
            case GuestConnected connected:
                await OnConnectedAsync(connected.Hello);
                _reported.TrySetResult();
                break;
            case GuestDisconnected:
                AwayAt = time.GetTimestamp();
                foreach (var run in runs.Table.Open) run.Held = false;
                break;
            case GuestRunStarted started when runs.Table.Find(started.Run) is { } run:
                run.MarkStarted(started.At, time);
                runs.Started(run);
                break;
        }

        runs.Changed();
    }

    /// <summary>Compares the runs that the guest holds with those that are known. Its frames wait until this is done.</summary>
    private async Task OnConnectedAsync(GuestHello hello)
    {
        AwayAt = null;
        _unknownRuns = 0;
        if (hello.Boot != records.Record.Boot)
        {
            IsOther = true;
            LogOtherGuest(records.Id);
            return;
        }

        foreach (var run in runs.Table.Open) run.Held = false;
        foreach (var held in hello.Runs)
        {
            if (await runs.TryFindAsync(held.Id, _stopping.Token) is not { } run) continue;
            run.Held = true;
            if (run.Events!.HasLostFrames(held.Acknowledged))
            {
                LogFramesLost(run.Id, records.Id, run.Events.LastFrame, held.Acknowledged);
                await runs.CloseAsync(run, code: 255, ExitReason.Lost, _stopping.Token);
                continue;
            }

            if (run.StartedAt is null && held.Started is { } started) run.MarkStarted(started, time);
            run.Process = held.Process ?? run.Process;
            run.StdinOffset = held.StdinOffset ?? run.StdinOffset;
            run.Execution ??= held.Execution;
            if (!held.OpenToolCalls.IsDefault) (run.ToolCalls ??= new OpenToolCalls()).Replace(held.OpenToolCalls);
        }
    }

    /// <returns>False when this activation must stop.</returns>
    private async Task<bool> LogAsync(GuestPort port, FramePump pump, FrameBatch batch)
    {
        var last = batch.Last;
        var run = runs.Table.Find(last.Run) is { Events: not null } known ? known
            : last.Run == runs.Background.Id ? await runs.Background.OpenPatientlyAsync(_stopping.Token)
            : await runs.TryFindAsync(last.Run, _stopping.Token);
        run?.ToolCalls?.Apply(batch);
        var result = run is null ? AppendResult.Ended : await pump.AppendAsync(run, batch, _stopping.Token);
        switch (result)
        {
            case AppendResult.Fenced:
                records.StepDown();
                return false;
            case AppendResult.Behind:
                await runs.CloseAsync(run!, code: 255, ExitReason.Lost, _stopping.Token);
                break;
            case AppendResult.Ended:
                LogDropped(last.Number, last.Run, records.Id);
                if (run is null && ++_unknownRuns == MaxUnknownRuns) port.Refuse("frames of too many unknown runs");
                break;
        }

        FaultPoint.Reach(last is GuestRunEnded ? FaultPoint.EndPublished : FaultPoint.FramesPublished);
        port.Acknowledge(last.Number);
        if (run is { Ended: true, IsMarkedEnded: false }) runs.MarkEnded(run);
        return true;
    }

    [LoggerMessage(LogLevel.Error, "The guest of sandbox {Sandbox} is not the one that its record names: the container was started anew.")]
    private partial void LogOtherGuest(SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "Run {Run} in sandbox {Sandbox} ends: the event log covers frames up to {Logged}, but the guest has dropped those up to {Acknowledged}. The store came back with older data.")]
    private partial void LogFramesLost(RunId run, SandboxId sandbox, ulong logged, ulong acknowledged);

    [LoggerMessage(LogLevel.Error, "Sandbox {Sandbox} can no longer log its guest's frames; they are sent again to the next activation.")]
    private partial void LogPumpFailed(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Information, "Dropped frames up to {Number} of run {Run} in sandbox {Sandbox}: the run has ended already, or there is no record of it.")]
    private partial void LogDropped(ulong number, RunId run, SandboxId sandbox);
}
