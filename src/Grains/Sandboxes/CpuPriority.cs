using Microsoft.Extensions.Logging;
using Podflare.Containers;

namespace Podflare.Sandboxes;

/// <summary>
/// Gives a sandbox whose run takes long a lower CPU priority: where many compute, an idle sandbox then answers a short run at once. The
/// full priority returns some time after the last long run, so that many long runs in a row change it once, and at once for a run that was
/// told to stop: it must be able to do that within its grace time.
/// </summary>
internal sealed partial class CpuPriority(SandboxRecords records, SandboxSettings settings, IContainerRuntime runtime, TimeProvider time, ILogger logger)
{
    // Null after an adoption: the first update then sets the priority again.
    private bool? _isLow = false;
    private long _lastLongAt;
    private Task _changing = Task.CompletedTask;

    /// <summary>The priority has to be looked at again later, although no run is open.</summary>
    public bool IsPending => _isLow is not false || !_changing.IsCompleted;

    /// <summary>The container was started by an earlier activation, which may have changed its priority.</summary>
    public void Forget() => _isLow = null;

    /// <param name="hasLongRun">A run has taken longer than <see cref="SandboxOptions.LongRunSeconds"/>.</param>
    /// <param name="hasStoppingRun">A run was told to stop, and is killed if it needs longer than its grace time for that.</param>
    public void Update(bool hasLongRun, bool hasStoppingRun, CancellationToken cancellationToken)
    {
        if (hasLongRun) _lastLongAt = time.GetTimestamp();
        var keepsLow = _isLow is true && time.GetElapsedTime(_lastLongAt) < TimeSpan.FromSeconds(settings.Sandboxes.LowPrioritySeconds);
        var low = (hasLongRun || keepsLow) && !hasStoppingRun;
        if (low == _isLow || !_changing.IsCompleted) return;
        _isLow = low;
        _changing = ChangeAsync(low, cancellationToken);
    }

    private async Task ChangeAsync(bool low, CancellationToken cancellationToken)
    {
        try
        {
            if (settings.Templates.GetValueOrDefault(records.Record.Template) is { } template)
                await runtime.SetCpuPriorityAsync(records.Record.ContainerId, template.Cpus, low, cancellationToken);
        }
        catch (Exception e) when (e is ContainerEngineException or OperationCanceledException)
        {
            // Some runtimes cannot change it; the sandbox also works with the priority that it has.
            LogNotChanged(e, records.Id);
        }
    }

    [LoggerMessage(LogLevel.Debug, "The CPU priority of sandbox {Sandbox} could not be changed.")]
    private partial void LogNotChanged(Exception exception, SandboxId sandbox);
}
