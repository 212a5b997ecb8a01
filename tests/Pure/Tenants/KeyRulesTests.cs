using CsCheck;
using Podflare.Audit;
using Podflare.Keys;
using Podflare.Tenants;

namespace Podflare.Pure.Tenants;

public sealed class KeyRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly TenantId Acme = new("acme");

    [Fact]
    public void Every_act_is_one_version_and_one_entry_for_the_audit_log()
    {
        var record = TenantRules.Create(At(0), "Acme", TenantLimits.None with { Sandboxes = 20 });
        var rules = new KeyRules(10);
        (record, var key) = rules.Create(record, At(1), Draw());
        (record, var next) = rules.Rotate(record, At(2), key.Id, Draw(), TimeSpan.FromHours(1));
        (record, _) = KeyRules.Update(record, At(3), next.Id, new KeyUpdate("other"));
        record = KeyRules.Revoke(record, At(4), next.Id);
        record = TenantRules.Update(record, At(5), new TenantUpdate(Limits: record.Limits with { Sandboxes = 50 }));
        record = TenantRules.Update(record, At(6), new TenantUpdate(State: TenantState.Suspended));
        record = TenantRules.Update(record, At(7), new TenantUpdate(State: TenantState.Active));
        record = TenantRules.Delete(record, At(8));

        string[] expected = ["tenant.create", "key.create", "key.rotate", "key.update", "key.revoke", "tenant.update", "tenant.suspend", "tenant.resume", "tenant.delete"];
        Assert.Equal(expected, record.Outbox.Select(entry => entry.Action));
        Assert.Equal(expected.Length, record.Version);
        Assert.Equal(record.Outbox.Length, record.Outbox.Select(entry => entry.Id).Distinct().Count());
        Assert.Equal(new AuditChange("20", "50"), record.Outbox[5].Changes!["limits.sandboxes"]);
        Assert.Equal(new AuditChange("\"ci\"", "\"other\""), record.Outbox[3].Changes!["name"]);
        Assert.All(record.Outbox, entry => Assert.Equal(("env_00000000", "acme"), (entry.Actor.Id, entry.Tenant.Value)));
        var shown = string.Join('\n', record.Outbox.Select(entry => ChainedAuditEntry.After(AuditChain.Start, entry).Json));
        Assert.All(record.Keys, entry => Assert.DoesNotContain(entry.Hash.ToString(), shown, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_repeated_changes_nothing()
    {
        var rules = new KeyRules(10);
        var (first, second) = (Draw(), Draw());
        var record = rules.Create(TenantRules.Create(At(0), "Acme", TenantLimits.None), At(1), first).Record;
        var rotated = rules.Rotate(record, At(2), first.Id, second, TimeSpan.Zero).Record;
        var revoked = KeyRules.Revoke(rotated, At(3), second.Id);
        var deleted = TenantRules.Delete(revoked, At(4));

        Assert.Same(record, rules.Create(record, At(9), first).Record);
        Assert.Same(rotated, rules.Rotate(rotated, At(9), first.Id, second, TimeSpan.Zero).Record);
        Assert.Same(revoked, KeyRules.Revoke(revoked, At(9), second.Id));
        Assert.Same(deleted, TenantRules.Delete(deleted, At(9)));
        Assert.Same(record, KeyRules.Update(record, At(9), first.Id, new KeyUpdate("ci")).Record);
    }

    [Fact]
    public void A_rotated_key_never_lives_longer_than_before() => Gen.Select(Gen.Int[1, 1_000], Gen.Int[0, 2_000], Gen.Bool).Sample((expires, overlap, hasExpiry) =>
    {
        var rules = new KeyRules(10);
        var key = Draw() with { ExpiresAt = hasExpiry ? Start.AddSeconds(expires + 10) : null };
        var record = rules.Create(TenantRules.Create(At(0), "Acme", TenantLimits.None), At(1), key).Record;

        var old = rules.Rotate(record, At(2), key.Id, Draw(), TimeSpan.FromSeconds(overlap)).Record.FindKey(key.Id)!;

        Assert.True(old.ExpiresAt <= At(2).Now.AddSeconds(overlap));
        Assert.True(key.ExpiresAt is not { } before || old.ExpiresAt <= before);
    });

    [Fact]
    public void A_rotated_key_has_the_name_and_the_scopes_of_the_one_before()
    {
        var rules = new KeyRules(10);
        var key = Draw() with { Name = "ci", Scopes = KeyScopes.Read };
        var record = rules.Create(TenantRules.Create(At(0), "Acme", TenantLimits.None), At(1), key).Record;

        var (_, info) = rules.Rotate(record, At(2), key.Id, Draw() with { Name = "other", Scopes = KeyScopes.Admin }, TimeSpan.FromHours(1));

        Assert.Equal(("ci", KeyScopes.Read, (KeyId?)key.Id), (info.Name, info.Scopes, info.Replaces));
    }

    [Fact]
    public void Keys_are_bounded_and_ended_ones_are_forgotten_after_ninety_days()
    {
        var rules = new KeyRules(3);
        var record = TenantRules.Create(At(0), "Acme", TenantLimits.None);
        for (var i = 0; i < 20; i++)
        {
            var key = Draw();
            record = rules.Create(record, At(i), key).Record;
            record = KeyRules.Revoke(record, At(i), key.Id);
        }

        Assert.InRange(record.Keys.Length, 3, 5);
        var last = record.Keys.Single(entry => entry.Info.CreatedAt == At(19).Now).Info.Id;
        for (var i = 0; i < 3; i++) record = rules.Create(record, At(100 + i), Draw()).Record;
        Assert.Throws<KeyQuotaExceededException>(() => rules.Create(record, At(200), Draw()));
        Assert.NotNull(record.FindKey(last));
        record = KeyRules.Revoke(record, At(200), record.Keys.First(entry => entry.Info.RevokedAt is null).Info.Id);
        Assert.Null(rules.Create(record, At(91 * 24 * 3600), Draw()).Record.FindKey(last));
    }

    [Fact]
    public void A_key_that_has_ended_stays_so()
    {
        var rules = new KeyRules(10);
        var key = Draw() with { ExpiresAt = Start.AddSeconds(5) };
        var record = rules.Create(TenantRules.Create(At(0), "Acme", TenantLimits.None), At(1), key).Record;

        Assert.Throws<ApiKeyNotFoundException>(() => KeyRules.Update(record, At(5), key.Id, new KeyUpdate(ExpiresAt: Start.AddYears(1))));
        Assert.Throws<ApiKeyNotFoundException>(() => rules.Rotate(record, At(5), key.Id, Draw(), TimeSpan.Zero));
        Assert.Throws<ApiKeyNotFoundException>(() => KeyRules.Revoke(record, At(5), KeyId.New()));
        Assert.Same(record, KeyRules.Revoke(record, At(5), key.Id));
        Assert.Throws<TenantNotFoundException>(() => rules.Create(TenantRules.Delete(record, At(6)), At(7), Draw()));
        Assert.Throws<TenantChangedException>(() => TenantRules.Update(record, At(6), new TenantUpdate("x", ExpectedVersion: record.Version - 1)));
    }

    private static ChangeRequest At(int seconds) => new(Acme, new AuditOrigin(AuditActor.Key("env_00000000", new TenantId("ops"))), Start.AddSeconds(seconds));

    private static NewKey Draw()
    {
        var secret = KeySecret.New();
        return new NewKey(KeyId.New(), KeyHash.Of(secret), KeySecret.PrefixOf(secret), "ci", KeyScopes.Sandboxes, null);
    }
}
