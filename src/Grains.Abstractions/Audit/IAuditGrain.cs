using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Podflare.Audit;

/// <summary>The one writer of a tenant's audit log. Key: the tenant's id, or <see cref="Server"/> for acts that belong to no tenant.</summary>
[Alias("podflare.IAuditGrain")]
public interface IAuditGrain : IGrainWithStringKey
{
    /// <summary>The log of acts that belong to no tenant.</summary>
    const string Server = "_server";

    /// <summary>
    /// Adds entries in their order. It returns when they are in the log. An entry whose id the log has already is left out, so a call
    /// that failed can be repeated.
    /// </summary>
    /// <exception cref="StorageUnavailableException">The log does not answer, or too many entries wait for it.</exception>
    [AlwaysInterleave, Alias("Append")]
    Task Append(ImmutableArray<AuditEntry> entries, CancellationToken cancellationToken = default);

    /// <summary>Entries of the log, newest first.</summary>
    /// <exception cref="StorageUnavailableException">The log does not answer.</exception>
    [AlwaysInterleave, Alias("Read")]
    Task<AuditPage> Read(AuditFilter filter, CancellationToken cancellationToken = default);
}

/// <summary>Which entries to read. Null accepts any.</summary>
/// <param name="From">The earliest time.</param>
/// <param name="To">The time before which entries are read.</param>
/// <param name="Action">One action, such as <c>key.create</c>.</param>
/// <param name="Actor">The id of the actor.</param>
/// <param name="Limit">Entries in one page, 1 to <see cref="MaxLimit"/>.</param>
/// <param name="Before">The number of the last entry of the page before; null for the first page.</param>
[GenerateSerializer, Immutable, Alias("podflare.AuditFilter")]
public sealed record AuditFilter(
    [property: Id(0)] DateTimeOffset? From = null,
    [property: Id(1)] DateTimeOffset? To = null,
    [property: Id(2)] string? Action = null,
    [property: Id(3)] string? Actor = null,
    [property: Id(4)] int Limit = 100,
    [property: Id(5)] long? Before = null)
{
    public const int MaxLimit = 1000;
}

/// <summary>Entries of an audit log, newest first.</summary>
/// <param name="Entries">Each as JSON text, as <see cref="ChainedAuditEntry.Json"/>.</param>
/// <param name="Next">The value of <see cref="AuditFilter.Before"/> for the next page; null when this is the last.</param>
[GenerateSerializer, Immutable, Alias("podflare.AuditPage")]
public sealed record AuditPage([property: Id(0)] ImmutableArray<string> Entries, [property: Id(1)] long? Next);
