using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>
/// The usage of each tenant per day and key. Two implementations: Redis, and files for the embedded process. Days are removed after
/// <see cref="UsageOptions.RetentionDays"/>.
/// </summary>
/// <remarks>Every method throws <see cref="StorageUnavailableException"/> when the store does not answer.</remarks>
public interface IUsageLog
{
    /// <summary>
    /// Adds what is new in these values since the last fold of the same sandbox. Folds that are lost, repeated or late do not change the sums: the
    /// next one makes up for a lost one, and none counts twice.
    /// </summary>
    Task FoldAsync(TenantId tenant, UsageFold fold, CancellationToken cancellationToken);

    /// <summary>The rows of a range of days, both ends included, in the order of days and keys.</summary>
    Task<IReadOnlyList<UsageRow>> ReadAsync(TenantId tenant, DateOnly from, DateOnly to, CancellationToken cancellationToken);

    /// <summary>The tenants that have ever used anything.</summary>
    Task<IReadOnlyList<TenantId>> ListTenantsAsync(CancellationToken cancellationToken);
}
