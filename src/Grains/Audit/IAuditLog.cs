namespace Podflare.Audit;

/// <summary>
/// The stored audit logs, each by the id of its tenant. Two implementations: Redis, and files for the embedded process. One writer per log; an
/// append is fenced, so that a writer which has been replaced finds out.
/// </summary>
/// <remarks>Every method throws <see cref="StorageUnavailableException"/> when the store does not answer.</remarks>
public interface IAuditLog
{
    /// <summary>The place of the newest entry.</summary>
    Task<AuditLink> ReadHeadAsync(string log, CancellationToken cancellationToken);

    /// <summary>Those of these ids that the log has an entry for. It remembers ids for <see cref="AuditOptions.IdRetentionDays"/>.</summary>
    Task<IReadOnlySet<string>> FindKnownAsync(string log, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Adds entries behind <paramref name="before"/>, all or none.</summary>
    /// <returns>False when the newest entry is another one.</returns>
    Task<bool> AppendAsync(string log, AuditLink before, IReadOnlyList<ChainedAuditEntry> entries, CancellationToken cancellationToken);

    /// <summary>Entries with a smaller number, the newest first, as JSON.</summary>
    Task<IReadOnlyList<string>> ReadBeforeAsync(string log, long seq, int count, CancellationToken cancellationToken);
}
