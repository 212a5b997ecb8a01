namespace Podflare.Hosts;

/// <summary>This process as a place for sandboxes.</summary>
/// <param name="Id">The host's 8 hex digits; null on a frontend, where no sandbox lives.</param>
public sealed record LocalHost(string? Id)
{
    private readonly CancellationTokenSource _stopping = new();

    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Complete when this process has taken over the sandboxes that an earlier one of its host has left; never on a frontend.</summary>
    public Task Started => _started.Task;

    /// <summary>The process is stopping: no new sandbox.</summary>
    public bool Draining => _stopping.IsCancellationRequested;

    /// <summary>Ends what would hold up the stop and can be done elsewhere.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public void MarkStarted() => _started.TrySetResult();

    public void Drain() => _stopping.Cancel();
}
