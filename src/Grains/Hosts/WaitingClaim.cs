using Podflare.Containers;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>A claim that no parked container could serve.</summary>
internal sealed class WaitingClaim(TenantId tenant, ContainerSpec shape, ClaimTrace? trace = null)
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ReadyContainer> _container = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TenantId Tenant => tenant;

    public ContainerSpec Shape => shape;

    public ClaimTrace? Trace => trace;

    /// <summary>Its place in the line: lower goes first.</summary>
    public (long Turn, long Number) Place { get; set; }

    /// <summary>Completes when the wait is over: a container starts for it, or is there; fails when it has to leave.</summary>
    public Task Begun => _begun.Task;

    public Task<ReadyContainer> Container => _container.Task;

    /// <summary>A container is being started for it.</summary>
    public void Begin() => _begun.TrySetResult();

    /// <returns>False when it has got one, or an error, already.</returns>
    public bool Give(ReadyContainer container)
    {
        if (!_container.TrySetResult(container)) return false;
        _begun.TrySetResult();
        return true;
    }

    /// <summary>Whoever claimed has gone.</summary>
    /// <returns>False when it has got a container, or an error, already.</returns>
    public bool TryLeave() => _container.TrySetCanceled();

    public void Refuse(Exception error)
    {
        if (!_container.TrySetException(error)) return;
        _begun.TrySetException(error);
        // The claim may have left; then nobody is there to see either.
        _ = (_container.Task.Exception, _begun.Task.Exception);
    }
}
