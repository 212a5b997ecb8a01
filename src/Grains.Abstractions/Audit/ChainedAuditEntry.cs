using System.Globalization;
using System.Text;

namespace Podflare.Audit;

/// <summary>An entry with its place in its tenant's chain.</summary>
/// <param name="Json">The whole entry as <see cref="CanonicalJson"/>, as the log keeps it and <c>GET /v1/audit</c> shows it.</param>
[GenerateSerializer, Immutable, Alias("podflare.ChainedAuditEntry")]
public sealed record ChainedAuditEntry([property: Id(0)] string Id, [property: Id(1)] long Seq, [property: Id(2)] string Hash, [property: Id(3)] string Json)
{
    public AuditLink Link => new(Seq, Hash);

    /// <summary>Adds an entry behind another one.</summary>
    public static ChainedAuditEntry After(AuditLink before, AuditEntry entry)
    {
        var seq = before.Seq + 1;
        var hash = AuditChain.Hash(before.Hash, Render(entry, seq, before.Hash, hash: null));
        return new ChainedAuditEntry(entry.Id, seq, hash, Render(entry, seq, before.Hash, hash));
    }

    // The keys of each object are in ordinal order, as in any canonical JSON. A test compares this with CanonicalJson.
    private static string Render(AuditEntry entry, long seq, string prev, string? hash)
    {
        var json = new StringBuilder(512);
        json.Append("{\"action\":").Append(CanonicalJson.Write(entry.Action));
        json.Append(",\"actor\":{\"id\":").Append(CanonicalJson.Write(entry.Actor.Id));
        if (entry.Actor.Issuer is { } issuer) json.Append(",\"issuer\":").Append(CanonicalJson.Write(issuer));
        json.Append(",\"tenant\":").Append(CanonicalJson.Write(entry.Actor.Tenant?.Value));
        json.Append(",\"type\":").Append(CanonicalJson.Write(entry.Actor.Type));
        json.Append("},\"at\":").Append(CanonicalJson.Write(entry.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)));
        json.Append(",\"changes\":{");
        json.AppendJoin(',', entry.Changes?.OrderBy(change => change.Key, StringComparer.Ordinal).Select(Render) ?? []);
        json.Append('}');
        if (hash is not null) json.Append(",\"hash\":").Append(CanonicalJson.Write(hash));
        json.Append(",\"id\":").Append(CanonicalJson.Write(entry.Id));
        json.Append(",\"prev\":").Append(CanonicalJson.Write(prev));
        json.Append(",\"reason\":").Append(CanonicalJson.Write(entry.Reason));
        json.Append(",\"seq\":").Append(CanonicalJson.Write(seq));
        json.Append(",\"source\":");
        if (entry.Source is { } source)
            json.Append("{\"address\":").Append(CanonicalJson.Write(source.Address)).Append(",\"user_agent\":").Append(CanonicalJson.Write(source.UserAgent)).Append('}');
        else
            json.Append("null");
        json.Append(",\"target\":{\"id\":").Append(CanonicalJson.Write(entry.Target.Id)).Append(",\"type\":").Append(CanonicalJson.Write(entry.Target.Type));
        json.Append("},\"tenant\":").Append(CanonicalJson.Write(entry.Tenant.Value));
        json.Append(",\"trace_id\":").Append(CanonicalJson.Write(entry.TraceId));
        return json.Append('}').ToString();
    }

    private static string Render(KeyValuePair<string, AuditChange> change) =>
        $"{CanonicalJson.Write(change.Key)}:[{change.Value.Before},{change.Value.After}]";
}
