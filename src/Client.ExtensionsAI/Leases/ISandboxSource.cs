namespace Podflare.Extensions.AI.Leases;

/// <summary>Where the code of a function is executed.</summary>
internal interface ISandboxSource
{
    ValueTask<SandboxLease> AcquireAsync(CancellationToken cancellationToken);

    /// <summary>Reports that a sandbox has ended. Returns whether the next lease is of another one.</summary>
    bool Forget(Sandbox ended);
}

/// <summary>A sandbox for one execution.</summary>
/// <param name="DeletesSandbox">Whether the sandbox is deleted with the lease.</param>
internal sealed record SandboxLease(Sandbox Sandbox, bool DeletesSandbox = false) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => DeletesSandbox ? Sandbox.DisposeAsync() : ValueTask.CompletedTask;
}
