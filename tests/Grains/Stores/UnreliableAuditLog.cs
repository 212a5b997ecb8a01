using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Podflare.Audit;
using Podflare.Harness;

namespace Podflare.Stores;

/// <summary>What is asked of the audit log. A fault's subject is the id of the log.</summary>
public enum AuditOperation
{
    ReadHead,
    FindKnown,
    Append,
    Read,
}

/// <summary>
/// The audit logs of a cluster, which outlive its silos: the product's own for the embedded process. Entries of earlier tests stay. Inherits the faults
/// that calls can be made to meet.
/// </summary>
public sealed class UnreliableAuditLog(Clock clock, string folder) : FaultPlan<AuditOperation>(() => new StorageUnavailableException())
{
    private readonly FileAuditLog _log = new(Path.Combine(folder, "audit"), new AuditOptions(), clock, NullLogger<FileAuditLog>.Instance);

    /// <summary>The truth about the newest entries of a log, oldest first.</summary>
    public async Task<IReadOnlyList<JsonElement>> EntriesAsync(string log = "default") =>
        [.. (await _log.ReadBeforeAsync(log, long.MaxValue, 1_000, CancellationToken.None)).Reverse().Select(entry => JsonElement.Parse(entry))];

    /// <summary>The entries about one target, oldest first.</summary>
    public async Task<IReadOnlyList<JsonElement>> EntriesAboutAsync(string target) =>
        [.. (await EntriesAsync()).Where(entry => entry.GetProperty("target").GetProperty("id").GetString() == target)];

    internal Task<T> CallAsync<T>(AuditOperation operation, string log, Func<IAuditLog, Task<T>> call) => MeetAsync(operation, log, () => call(_log));
}

/// <summary>The audit logs as one silo sees them: through its power.</summary>
internal sealed class SiloAuditLog(UnreliableAuditLog audit, Power power) : IAuditLog
{
    public Task<AuditLink> ReadHeadAsync(string log, CancellationToken cancellationToken) =>
        power.CallAsync(() => audit.CallAsync(AuditOperation.ReadHead, log, it => it.ReadHeadAsync(log, cancellationToken)));

    public Task<IReadOnlySet<string>> FindKnownAsync(string log, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        power.CallAsync(() => audit.CallAsync(AuditOperation.FindKnown, log, it => it.FindKnownAsync(log, ids, cancellationToken)));

    public Task<bool> AppendAsync(string log, AuditLink before, IReadOnlyList<ChainedAuditEntry> entries, CancellationToken cancellationToken) =>
        power.CallAsync(() => audit.CallAsync(AuditOperation.Append, log, it => it.AppendAsync(log, before, entries, CancellationToken.None)));

    public Task<IReadOnlyList<string>> ReadBeforeAsync(string log, long seq, int count, CancellationToken cancellationToken) =>
        power.CallAsync(() => audit.CallAsync(AuditOperation.Read, log, it => it.ReadBeforeAsync(log, seq, count, cancellationToken)));
}
