using System.Collections.Immutable;
using Podflare.Audit;

namespace Podflare.Tenants;

/// <summary>Moves acts from a tenant's record to the audit log. The log leaves out what it has already.</summary>
internal sealed class AuditOutbox(Func<IAuditGrain> log)
{
    private const int MaxBatch = 100;

    /// <returns>Entries that are in the log, from the first one on.</returns>
    public async Task<int> DeliverAsync(ImmutableArray<AuditEntry> entries, CancellationToken cancellationToken)
    {
        if (entries.IsEmpty) return 0;
        var batch = entries[..Math.Min(entries.Length, MaxBatch)];
        await log().Append(batch, cancellationToken);
        return batch.Length;
    }
}
