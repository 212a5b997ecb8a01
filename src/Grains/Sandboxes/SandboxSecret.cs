using System.Security.Cryptography;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>The secret of a sandbox, from which the tokens of clients without an API key are derived.</summary>
internal sealed class SandboxSecret(SandboxRecords records, CallGuard guard, SandboxTermination termination, SandboxSettings settings)
{
    /// <exception cref="SandboxNotFoundException">There is no such sandbox.</exception>
    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    public async Task<SandboxCredentials> GetAsync()
    {
        await guard.LivingAsync();
        return Read();
    }

    /// <summary>Draws the secret if there is none. One change of the record at a time.</summary>
    /// <inheritdoc cref="GetAsync" path="/exception"/>
    /// <exception cref="StorageUnavailableException">It could not be stored.</exception>
    public async Task<SandboxCredentials> EnsureAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await guard.CommandAsync(tenant, cancellationToken);
        while (!termination.Updating.IsCompleted) await GrainTask.IgnoreFailure(termination.Updating);
        termination.GuardLiving();
        if (Read().Secret.Length == 0) await (termination.Updating = WriteAsync());
        return Read();
    }

    private async Task WriteAsync()
    {
        await records.ResolveAsync();
        await records.WriteAsync(records.Record with { Secret = RandomNumberGenerator.GetBytes(SandboxCredentials.SecretBytes) });
    }

    private SandboxCredentials Read()
    {
        var record = records.Record;
        return new SandboxCredentials(new TenantId(record.Tenant), record.Secret, settings.HomeOf(record.Template));
    }
}
