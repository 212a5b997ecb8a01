using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Where the process extension finds the runs of its sandbox: the sandbox grain.</summary>
internal interface IProcessHost
{
    /// <summary>The runs in memory; all open ones once <see cref="AttachAsync"/> has returned.</summary>
    RunTable Runs { get; }

    /// <summary>Returns once the guest is connected and has reported its open runs.</summary>
    /// <exception cref="SandboxUnreachableException">It is not connected.</exception>
    /// <inheritdoc cref="CallGuard.CommandAsync" path="/exception"/>
    ValueTask AttachAsync(TenantId tenant, CancellationToken cancellationToken);
}
