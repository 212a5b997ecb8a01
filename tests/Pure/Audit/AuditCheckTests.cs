using System.Text.Json;
using Podflare.Audit;
using Podflare.Cli.Audit;
using Podflare.Tenants;

namespace Podflare.Pure.Audit;

/// <summary>What <c>podflare audit verify</c> finds.</summary>
public sealed class AuditCheckTests : IDisposable
{
    private readonly string _log = Path.GetTempFileName();

    public void Dispose() => File.Delete(_log);

    [Fact]
    public void An_intact_log_that_agrees_with_the_workers_has_no_fault()
    {
        var chain = Chain(5);
        Write(chain);

        var check = Check(chain.Skip(2));

        Assert.Empty(check.Faults);
        Assert.Equal("3 entries checked, 3 compared with the log, 0 faults", check.Summary);
    }

    [Fact]
    public void Altered_removed_and_replaced_entries_are_named()
    {
        var chain = Chain(6);
        var lines = chain.Select(entry => entry.Json).ToList();
        lines[1] = lines[1].Replace("key_1", "key_2", StringComparison.Ordinal);
        lines.RemoveAt(3);

        var check = new AuditCheck();
        foreach (var line in lines) check.Add(JsonElement.Parse(line));

        Assert.Equal(["Entry 2 was altered: its hash does not match its content.", "Entry 4 is missing."], check.Faults);
    }

    [Fact]
    public void A_chain_that_was_computed_anew_differs_from_what_the_workers_have_logged()
    {
        Write(Chain(4));

        var check = Check(Chain(3));

        Assert.Equal(
            ["Entry 1 differs from what a worker has logged.", "Entry 2 differs from what a worker has logged.", "Entry 3 differs from what a worker has logged.", "Entry 4 was logged by a worker and is not in the audit log."],
            check.Faults);
    }

    private AuditCheck Check(IEnumerable<ChainedAuditEntry> chain)
    {
        var check = new AuditCheck();
        foreach (var entry in chain) check.Add(JsonElement.Parse(entry.Json));
        check.Compare(new FileInfo(_log));
        return check;
    }

    // Half of the lines as the console formatter writes them, the others as plain text, and lines about other things.
    private void Write(IEnumerable<ChainedAuditEntry> chain) => File.WriteAllLines(
        _log,
        [
            "no audit line", "{\"message\":7}", "Audit entry 1 of other: {\"hash\":\"0\"}",
            .. chain.Select(entry => $"Audit entry {entry.Seq} of acme: {entry.Json}").Select((line, i) => i % 2 == 0 ? line : JsonSerializer.Serialize(new { level = "info", message = line })),
        ]);

    private static List<ChainedAuditEntry> Chain(int count)
    {
        List<ChainedAuditEntry> chain = [];
        for (var i = 0; i < count; i++)
        {
            var entry = new AuditEntry(
                AuditEntry.NewId(), DateTimeOffset.UnixEpoch.AddYears(56), new TenantId("acme"), AuditAction.KeyCreate, AuditActor.System, new AuditTarget("key", "key_1"));
            chain.Add(ChainedAuditEntry.After(chain.Count == 0 ? AuditChain.Start : chain[^1].Link, entry));
        }

        return chain;
    }
}
