using System.Collections.Immutable;
using System.Text.Json;
using CsCheck;
using Podflare.Audit;
using Podflare.Tenants;

namespace Podflare.Pure.Audit;

public sealed class AuditChainTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 29, 12, 30, 0, 250, TimeSpan.Zero);

    private static readonly Gen<AuditEntry> Entries =
        from action in Gen.OneOfConst(AuditAction.KeyCreate, AuditAction.TenantUpdate, AuditAction.SandboxEnd)
        from agent in Gen.String.Null()
        from subject in Gen.String
        from fields in Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 12], Gen.Long, Gen.String, static (name, number, text) => (name, number, text)).Array[0, 3]
        select new AuditEntry(
            AuditEntry.NewId(), At, new TenantId("acme"), action, AuditActor.Token("https://issuer.example", subject, new TenantId("acme")), new AuditTarget("key", "key_1"),
            agent is null ? null : AuditSource.Of("203.0.113.7", agent), null,
            fields.DistinctBy(field => field.name).ToImmutableSortedDictionary(field => field.name, field => AuditChange.Of(field.number, null)),
            null);

    [Fact]
    public void An_entry_has_exactly_this_form()
    {
        var entry = new AuditEntry(
            "aud_000000000000000000000001", At, new TenantId("acme"), AuditAction.TenantUpdate, AuditActor.Key("key_1", new TenantId("acme")), new AuditTarget("tenant", "acme"),
            AuditSource.Of("203.0.113.7", "podflare/1.2 \"é\""), "4bf92f3577b34da6a3ce929d0e0e4736",
            ImmutableSortedDictionary<string, AuditChange>.Empty
                .Add("limits.sandboxes", AuditChange.Of(20, 50))
                .Add("scopes", AuditChange.Of(["read"], null))
                .Add("name", AuditChange.Of("a", "b\n")));

        var first = ChainedAuditEntry.After(AuditChain.Start, entry);

        // The hash was computed with Python's json and hashlib.
        Assert.Equal("da156f6907f9b6161e0cb0462ed01045e73a01203bababa17c9689c29e2dc7ed", first.Hash);
        Assert.Equal(
            """{"action":"tenant.update","actor":{"id":"key_1","tenant":"acme","type":"key"},"at":"2026-11-29T12:30:00.250Z","changes":{"limits.sandboxes":[20,50],"name":["a","b\n"],"scopes":[["read"],null]},"hash":"HASH","id":"aud_000000000000000000000001","prev":"0000000000000000000000000000000000000000000000000000000000000000","reason":null,"seq":1,"source":{"address":"203.0.113.7","user_agent":"podflare/1.2 \"é\""},"target":{"id":"acme","type":"tenant"},"tenant":"acme","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"""
                .Replace("HASH", first.Hash, StringComparison.Ordinal),
            first.Json);
    }

    [Fact]
    public void Each_entry_is_canonical_and_an_untouched_chain_has_no_fault() => Entries.Array[1, 8].Sample(entries =>
    {
        var chain = Chain(entries);
        foreach (var entry in chain)
        {
            using var parsed = JsonDocument.Parse(entry.Json);
            if (CanonicalJson.Write(parsed.RootElement) != entry.Json) return false;
        }

        return Faults([.. chain.Select(entry => entry.Json)]).Count == 0;
    });

    [Fact]
    public void An_altered_entry_is_found()
    {
        var lines = Lines(5);
        lines[2] = lines[2].Replace("\"key_1\"", "\"key_2\"", StringComparison.Ordinal);

        Assert.Equal([new AuditFault(AuditFaultKind.Altered, 3)], Faults(lines));
    }

    [Fact]
    public void A_removed_entry_is_found()
    {
        var lines = Lines(5);
        lines.RemoveAt(2);

        Assert.Equal([new AuditFault(AuditFaultKind.Missing, 3)], Faults(lines));
    }

    [Fact]
    public void An_inserted_entry_is_found_with_or_without_renumbering()
    {
        var chain = Chain([.. Enumerable.Range(0, 5).Select(_ => Entry())]);
        var inserted = ChainedAuditEntry.After(chain[1].Link, Entry());
        List<string> lines = [.. chain.Select(entry => entry.Json)];
        lines.Insert(2, inserted.Json);

        Assert.Contains(new AuditFault(AuditFaultKind.Inserted, 3), Faults(lines));

        // It takes the place of another one and is correct itself: the next one does not follow it.
        lines.RemoveAt(3);
        Assert.Equal([new AuditFault(AuditFaultKind.Broken, 4)], Faults(lines));
    }

    [Fact]
    public void A_log_whose_oldest_entries_were_removed_after_their_retention_has_no_fault()
    {
        Assert.Empty(Faults([.. Lines(6).Skip(3)]));
    }

    [Fact]
    public void A_line_that_is_no_entry_is_a_fault()
    {
        var lines = Lines(2);
        lines.Insert(1, """{"seq":"2","prev":7}""");

        Assert.Equal([new AuditFault(AuditFaultKind.Unreadable, 2)], Faults(lines));
    }

    [Fact]
    public void What_a_client_sends_is_cut_and_cleaned()
    {
        var source = AuditSource.Of("203.0.113.7", new string('a', 127) + "😀" + "b");

        Assert.Equal(new string('a', 127), source.UserAgent);
        Assert.Equal("a b\uFFFD😀", AuditSource.Of(null, "a\nb\ud800😀").UserAgent);
    }

    [Fact]
    public void The_id_of_an_act_that_is_reported_twice_is_the_same()
    {
        Assert.Equal(AuditEntry.IdOf(AuditAction.SandboxEnd, "sbx_1"), AuditEntry.IdOf(AuditAction.SandboxEnd, "sbx_1"));
        Assert.NotEqual(AuditEntry.IdOf(AuditAction.SandboxEnd, "sbx_1"), AuditEntry.IdOf(AuditAction.SandboxCreate, "sbx_1"));
    }

    [Fact]
    public void An_entry_survives_a_grain_record()
    {
        var entry = Entry() with { Changes = ImmutableSortedDictionary<string, AuditChange>.Empty.Add("name", AuditChange.Of("a", null)) };
        var copy = JsonSerializer.Deserialize<AuditEntry>(JsonSerializer.Serialize(entry))!;

        Assert.Equal(ChainedAuditEntry.After(AuditChain.Start, entry).Json, ChainedAuditEntry.After(AuditChain.Start, copy).Json);
    }

    private static AuditEntry Entry() => new(
        AuditEntry.NewId(), At, new TenantId("acme"), AuditAction.KeyCreate, AuditActor.Key("key_1", new TenantId("acme")), new AuditTarget("key", "key_1"));

    private static List<ChainedAuditEntry> Chain(AuditEntry[] entries)
    {
        List<ChainedAuditEntry> chain = [];
        foreach (var entry in entries) chain.Add(ChainedAuditEntry.After(chain.Count == 0 ? AuditChain.Start : chain[^1].Link, entry));
        return chain;
    }

    private static List<string> Lines(int count) => [.. Chain([.. Enumerable.Range(0, count).Select(_ => Entry())]).Select(entry => entry.Json)];

    private static List<AuditFault> Faults(List<string> lines)
    {
        List<AuditFault> faults = [];
        AuditLink? before = null;
        foreach (var line in lines)
        {
            using var parsed = JsonDocument.Parse(line);
            if (AuditChain.Check(before, parsed.RootElement, out var link) is { } fault) faults.Add(fault);
            before = link;
        }

        return faults;
    }
}
