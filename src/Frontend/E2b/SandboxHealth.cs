using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.E2b;

/// <summary>Whether a sandbox runs now. Clients decide by it whether a broken connection means that their sandbox is gone.</summary>
internal sealed class SandboxHealth(IGrainFactory grains, TimeProvider time)
{
    /// <exception cref="SandboxNotFoundException">It does not run.</exception>
    public async Task CheckAsync(SandboxId id, CancellationToken cancellationToken)
    {
        if (!await IsRunningAsync(id, cancellationToken)) throw new SandboxNotFoundException();
    }

    /// <summary>False from the moment at which its end begins, which is before the ends of its runs.</summary>
    public async Task<bool> IsRunningAsync(SandboxId id, CancellationToken cancellationToken)
    {
        try
        {
            await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetCredentials(), time, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is SandboxNotFoundException or SandboxEndedException or SandboxLostException)
        {
            return false;
        }
    }
}
