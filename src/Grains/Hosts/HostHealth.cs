using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Resilience;

namespace Podflare.Hosts;

/// <summary>Whether this host can start containers: what its last starts came to, and whether its engine and its run folder work.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed partial class HostHealth(string host, HostContainers containers, HostOptions options, TimeProvider time, ILogger logger)
{
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(options.HealthSeconds);
    private long _answeredAt = time.GetTimestamp();
    private long _checkedAt;
    private long _probedAt;
    private bool _checking;
    private bool _engineFailed;
    private string? _folderProblem;
    private string? _logged;

    /// <summary>Starts that failed since the last one that succeeded.</summary>
    /// <remarks>A missing image does not count: it is a fault of the template. Neither does a missing network: sandboxes without it still start.</remarks>
    public int FailuresInRow { get; private set; }

    /// <summary>Time since the engine last answered.</summary>
    public TimeSpan EngineSilence => time.GetElapsedTime(_answeredAt);

    /// <summary>Bytes that are free on the run folder's file system.</summary>
    public long FreeBytes { get; private set; } = long.MaxValue;

    /// <summary>Why this host should get no new sandbox; null when it is well.</summary>
    public string? Problem =>
        _engineFailed || EngineSilence >= TimeSpan.FromSeconds(options.EngineSilenceSeconds) ? "the container engine does not answer"
        : _folderProblem is { } folder ? folder
        : FailuresInRow >= options.MaxFailures ? "the last containers could not be started"
        : null;

    /// <summary>Whether a claim may start a container. While the host is unwell, one may every few seconds, to find out whether it is well again.</summary>
    public bool Admits()
    {
        if (Problem is null) return true;
        if (_probedAt != 0 && time.GetElapsedTime(_probedAt) < TimeSpan.FromSeconds(options.ProbeSeconds)) return false;
        _probedAt = time.GetTimestamp();
        return true;
    }

    public void OnStarted()
    {
        FailuresInRow = 0;
        (_engineFailed, _answeredAt) = (false, time.GetTimestamp());
    }

    public void OnStartFailed(Exception error)
    {
        if (error is not (ContainerStartException { Retry: false } or ContainerStartException { OfEgress: true })) FailuresInRow++;
        _probedAt = time.GetTimestamp();
    }

    /// <summary>Once a second: begins a check where one is due.</summary>
    public void Tick()
    {
        if (Problem != _logged)
        {
            _logged = Problem;
            if (_logged is null) LogWell(host);
            else LogUnwell(host, _logged);
        }

        if (_checking || (_checkedAt != 0 && time.GetElapsedTime(_checkedAt) < _interval)) return;
        _checking = true;
        Background.Run(logger, "health", CheckAsync());
    }

    private async Task CheckAsync()
    {
        try
        {
            _folderProblem = CheckFolder();
            using var limit = new TimeLimit(_interval, time);
            await containers.PingAsync(limit.Token);
            (_engineFailed, _answeredAt) = (false, time.GetTimestamp());
        }
        catch (Exception e) when (e is ContainerEngineException or OperationCanceledException)
        {
            _engineFailed = true;
        }
        finally
        {
            (_checking, _checkedAt) = (false, time.GetTimestamp());
        }
    }

    private string? CheckFolder()
    {
        try
        {
            containers.CheckRunFolder();
            FreeBytes = containers.FreeBytes();
            return FreeBytes < options.MinFreeMib << 20 ? "the disk of the run folder is full" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "the run folder cannot be written";
        }
    }

    [LoggerMessage(LogLevel.Error, "Host {Host} takes no new sandboxes until this is resolved: {Problem}.")]
    private partial void LogUnwell(string host, string problem);

    [LoggerMessage(LogLevel.Information, "Host {Host} takes new sandboxes again.")]
    private partial void LogWell(string host);
}
