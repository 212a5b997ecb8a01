using Podflare.Guests;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>How every call of a sandbox begins: it must be the caller's, and for a command it must live and have its guest attached.</summary>
/// <param name="nothingKnown">Called when there is neither a record nor a tombstone.</param>
internal sealed class CallGuard(
    SandboxRecords records, GuestSession guest, SandboxTermination termination, ContainerOwnership container, OrphanedSandbox orphan, bool isOnOwningHost, Action nothingKnown)
{
    /// <summary>Checks a request to delete the sandbox.</summary>
    /// <returns>False when it has ended.</returns>
    /// <exception cref="SandboxUnreachableException">Its host is away.</exception>
    public async Task<bool> IsToBeDeletedAsync(TenantId tenant)
    {
        Readable(tenant);
        await orphan.EndWhenHostIsLostAsync();
        if (records.HasTombstone) return false;
        return termination.IsEnding || isOnOwningHost ? true : throw new SandboxUnreachableException();
    }

    /// <exception cref="SandboxNotFoundException">The sandbox does not exist, or it belongs to another tenant.</exception>
    public SandboxInfo Readable(TenantId tenant)
    {
        if (records.Info is null) nothingKnown();
        return records.GuardReadable(tenant);
    }

    /// <summary>As <see cref="Readable"/>, after a sandbox whose host is lost has ended.</summary>
    /// <exception cref="SandboxNotFoundException">The sandbox does not exist, or it belongs to another tenant.</exception>
    public async Task<SandboxInfo> ReadAsync(TenantId tenant)
    {
        Readable(tenant);
        await orphan.EndWhenHostIsLostAsync();
        return Readable(tenant);
    }

    /// <summary>For a caller whose tenant is not known yet.</summary>
    /// <exception cref="SandboxNotFoundException">There is no such sandbox.</exception>
    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    public async Task LivingAsync()
    {
        if (records.Info is null)
        {
            nothingKnown();
            throw new SandboxNotFoundException();
        }

        await orphan.EndWhenHostIsLostAsync();
        termination.GuardLiving();
    }

    /// <inheritdoc cref="GuestAsync"/>
    /// <exception cref="SandboxNotFoundException">The sandbox does not exist, or it belongs to another tenant.</exception>
    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    public async ValueTask<GuestPort> CommandAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        Readable(tenant);
        await orphan.EndWhenHostIsLostAsync();
        records.GuardTombstone(tenant);
        termination.GuardLiving();
        return await GuestAsync(cancellationToken);
    }

    /// <summary>The sandbox's guest, which may not be connected at the moment.</summary>
    /// <exception cref="SandboxUnreachableException">Another silo has it, or it could not be adopted.</exception>
    public async ValueTask<GuestPort> GuestAsync(CancellationToken cancellationToken)
    {
        if (guest.Port is { } port) return port;
        if (!isOnOwningHost) throw new SandboxUnreachableException();
        await container.AdoptAsync().WaitAsync(cancellationToken);
        return guest.Port ?? throw new SandboxUnreachableException();
    }
}
