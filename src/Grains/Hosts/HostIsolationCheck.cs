using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Resilience;
using Podflare.Telemetry;

namespace Podflare.Hosts;

/// <summary>Whether the layers are there without which this host must not accept sandboxes. Probed when the host starts, and again while something is missing.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed partial class HostIsolationCheck(string host, IIsolationProbe probe, IsolationOptions options, TimeProvider time, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // An engine that was busy when the host started must not keep it out of service for long.
    private static readonly TimeSpan IntervalAfterFailure = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyCollection<string> _required = options.Required ?? IsolationLayers.RequiredByDefault;
    private IReadOnlySet<string> _failed = new HashSet<string>();
    private bool _isComplete;
    private bool _probing;
    private long _probedAt;

    /// <summary>What was found; null until the first probe has ended.</summary>
    public HostIsolation? Current { get; private set; }

    /// <summary>Why this host accepts no sandboxes; null when every required layer is there.</summary>
    public string? Problem { get; private set; }

    /// <summary>Why this host accepts no sandboxes under a runtime; null where it does.</summary>
    public string? ProblemOf(string? runtime) =>
        Problem ?? (_failed.Contains(runtime ?? IsolationProbe.DefaultRuntime) ? $"the isolation of runtime {runtime ?? IsolationProbe.DefaultRuntime} could not be probed" : null);

    public async Task RunAsync()
    {
        _probing = true;
        try
        {
            var report = await probe.RunAsync(host, stopping);
            (Current, _failed, _isComplete) = (report.Isolation, report.Failed, report.IsComplete);
            Instruments.Hosts.SetIsolation(Current.Layers.Where(layer => layer.Status is not LayerStatus.Unknown).Select(layer => (layer.Layer, layer.Runtime, layer.Status is LayerStatus.Ok)));
            Judge(Current);
        }
        finally
        {
            (_probing, _probedAt) = (false, time.GetTimestamp());
        }
    }

    /// <summary>Once a second: begins a probe where one is due.</summary>
    public void Tick()
    {
        if (_probing || (_isComplete && Problem is null) || time.GetElapsedTime(_probedAt) < (_failed.Count > 0 ? IntervalAfterFailure : Interval)) return;
        Background.Run(logger, "isolation probe", RunAsync());
    }

    private void Judge(HostIsolation found)
    {
        var missing = found.Layers.Where(layer => layer.Status is LayerStatus.Missing && _required.Contains(layer.Layer)).ToArray();
        var before = Problem;
        Problem = missing.Length == 0 ? null : $"required layers of isolation are missing: {string.Join(", ", missing.Select(layer => $"{layer.Layer} (runtime {layer.Runtime}: {layer.Text})"))}";
        if (Problem is not null && Problem != before) LogMissing(host, Problem);
        if (Problem is null && before is not null) LogComplete(host);
    }

    [LoggerMessage(LogLevel.Critical, "Host {Host} accepts no sandboxes: {Problem}.")]
    private partial void LogMissing(string host, string problem);

    [LoggerMessage(LogLevel.Information, "Host {Host} has all required layers of isolation.")]
    private partial void LogComplete(string host);
}
