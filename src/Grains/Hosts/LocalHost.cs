namespace Podflare.Hosts;

/// <summary>This process as a place for sandboxes.</summary>
/// <param name="Id">The host's 8 hex digits; null on a frontend, where no sandbox lives.</param>
public sealed record LocalHost(string? Id)
{
    private volatile bool _draining;

    /// <summary>The process is stopping: no new sandbox.</summary>
    public bool Draining => _draining;

    public void Drain() => _draining = true;
}
