using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Podflare.Audit;

/// <summary>
/// The hash chain of an audit log. Entries have the numbers 1, 2, … without a gap, and each holds in <c>prev</c> the hash of the one before
/// it. <c>hash</c> is the SHA-256 of <c>prev</c>, a newline, and the entry without <c>hash</c> as <see cref="CanonicalJson"/>.
/// </summary>
public static class AuditChain
{
    /// <summary>The <c>prev</c> of the first entry.</summary>
    public const string FirstPrev = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>The link before the first entry.</summary>
    public static readonly AuditLink Start = new(0, FirstPrev);

    /// <param name="prev">The hash of the entry before.</param>
    /// <param name="entry">The entry without its hash, as <see cref="CanonicalJson"/>.</param>
    /// <returns>64 lower-case hex digits.</returns>
    public static string Hash(string prev, string entry) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{prev}\n{entry}")));

    /// <summary>Checks one entry against the one before it.</summary>
    /// <param name="before">Null when nothing before it is known, because older entries have been removed after their retention.</param>
    /// <param name="entry">An entry as the audit log shows it.</param>
    /// <param name="link">The entry's own number and hash, to check the next one against.</param>
    /// <returns>Null when the entry is intact.</returns>
    public static AuditFault? Check(AuditLink? before, JsonElement entry, out AuditLink link)
    {
        link = before ?? Start;
        if (!TryRead(entry, out var seq, out var prev, out var hash)) return new AuditFault(AuditFaultKind.Unreadable, link.Seq + 1);
        var expected = before is { } known ? known.Seq + 1 : seq;
        link = new AuditLink(seq, hash);
        if (seq > expected) return new AuditFault(AuditFaultKind.Missing, expected);
        if (seq < expected) return new AuditFault(AuditFaultKind.Inserted, seq);
        if (prev != (before?.Hash ?? (seq == 1 ? FirstPrev : prev))) return new AuditFault(AuditFaultKind.Broken, seq);
        return HashOf(prev, entry) == hash ? null : new AuditFault(AuditFaultKind.Altered, seq);
    }

    private static bool TryRead(JsonElement entry, out long seq, out string prev, out string hash)
    {
        (seq, prev, hash) = (0, "", "");
        if (entry.ValueKind is not JsonValueKind.Object || !entry.TryGetProperty("seq", out var number) || number.ValueKind is not JsonValueKind.Number || !number.TryGetInt64(out seq)) return false;
        prev = Text(entry, "prev");
        hash = Text(entry, "hash");
        return seq > 0 && prev.Length == FirstPrev.Length && hash.Length == FirstPrev.Length;
    }

    private static string Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    private static string? HashOf(string prev, JsonElement entry)
    {
        try
        {
            return Hash(prev, CanonicalJson.Write(entry, without: "hash"));
        }
        catch (FormatException)
        {
            // No entry of ours has such a number.
            return null;
        }
    }
}

/// <summary>The place of an entry in the chain.</summary>
public readonly record struct AuditLink(long Seq, string Hash);

/// <summary>What is wrong with a chain, and at which number.</summary>
public readonly record struct AuditFault(AuditFaultKind Kind, long Seq);

/// <summary>What is wrong with an entry of a chain.</summary>
public enum AuditFaultKind
{
    /// <summary>Its text does not match its hash.</summary>
    Altered,

    /// <summary>An entry with this number is not there.</summary>
    Missing,

    /// <summary>Its number has been used by an entry before it.</summary>
    Inserted,

    /// <summary>It does not follow the entry before it: one of the two has been replaced.</summary>
    Broken,

    /// <summary>It has no number, <c>prev</c> or <c>hash</c>.</summary>
    Unreadable,
}
