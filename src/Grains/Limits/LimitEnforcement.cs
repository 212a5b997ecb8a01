namespace Podflare.Limits;

/// <summary>
/// Whether tenants without a record have the default limits, as those that only the environment of the frontends names. A frontend knows whether it
/// authenticates callers; workers learn it from the board.
/// </summary>
public sealed class LimitEnforcement
{
    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isLocal;
    private volatile bool _isOn;

    /// <summary>Every tenant has limits.</summary>
    public bool IsOn => _isLocal || _isOn;

    /// <summary>Complete when <see cref="IsOn"/> was learned for the first time.</summary>
    public Task Known => _known.Task;

    /// <summary>This process itself authenticates callers.</summary>
    public bool IsLocal => _isLocal;

    /// <summary>This process authenticates callers.</summary>
    public void Begin() => _isLocal = true;

    /// <summary>What the board knows of other processes.</summary>
    internal void Learn(bool isOn)
    {
        _isOn = isOn;
        _known.TrySetResult();
    }
}
