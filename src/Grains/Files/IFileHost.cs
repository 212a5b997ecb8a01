using Podflare.Guests;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Where the file extension finds the guest of its sandbox: the sandbox grain, as a component of its context.</summary>
public interface IFileHost
{
    /// <exception cref="SandboxNotFoundException">Not a sandbox of this tenant.</exception>
    /// <exception cref="SandboxEndedException">It has ended, or is about to.</exception>
    /// <exception cref="SandboxUnreachableException">Its guest cannot be reached from this silo at the moment.</exception>
    ValueTask<GuestPort> OpenFilesAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>Cancelled when the sandbox ends or the activation goes.</summary>
    CancellationToken FilesClosing { get; }

    /// <summary>Throws the exception for callers when the sandbox has ended meanwhile.</summary>
    void GuardFiles();

    /// <summary>The number of open file calls has changed. A sandbox that has any is not idle.</summary>
    void OnFilesChanged(int open);
}
