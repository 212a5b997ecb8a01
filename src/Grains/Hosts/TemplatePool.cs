using Podflare.Containers;
using Podflare.Resilience;

namespace Podflare.Hosts;

/// <summary>The parked containers of one template, oldest first, and how many there should be.</summary>
internal sealed class TemplatePool(string name, Template template, TimeSpan window, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Backoff _backoff = new(FirstPause, LongestPause, time);
    private long _failedAt;
    private TimeSpan _pause;

    public string Name => name;

    /// <summary>What a claim must want to be served from here.</summary>
    public ContainerSpec Shape { get; } = ContainerSpec.Of(default, name, template);

    public PoolDemand Demand { get; } = new(template.PoolMin, template.PoolMax, window, time);

    public LinkedList<ReadyContainer> Parked { get; } = [];

    /// <summary>Starts under way for this pool alone.</summary>
    public int Filling { get; set; }

    /// <summary>The last start failed, and the pause after it is not over.</summary>
    public bool IsPaused => _pause > TimeSpan.Zero && time.GetElapsedTime(_failedAt) < _pause;

    /// <summary>A start succeeded.</summary>
    public void Resume()
    {
        _pause = TimeSpan.Zero;
        _backoff.Reset();
    }

    /// <summary>A start failed.</summary>
    /// <returns>The pause before the next one.</returns>
    public TimeSpan Pause()
    {
        _failedAt = time.GetTimestamp();
        return _pause = _backoff.Next();
    }
}
