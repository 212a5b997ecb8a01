namespace Podflare.Extensions.AI.Leases;

/// <summary>The sandbox of a caller, which is used as long as it lives.</summary>
internal sealed class GivenSandbox(Sandbox sandbox) : ISandboxSource
{
    public ValueTask<SandboxLease> AcquireAsync(CancellationToken cancellationToken) => new(new SandboxLease(sandbox));

    public bool Forget(Sandbox ended) => false;
}
