using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Podflare.Audit;

namespace Podflare.Cli.Audit;

/// <summary>Checks the chain of an audit log, and compares it with the lines that workers have logged. Entries are added oldest first.</summary>
internal sealed partial class AuditCheck
{
    private readonly Dictionary<long, string> _hashes = [];
    private readonly List<string> _faults = [];
    private AuditLink? _last;
    private string? _tenant;
    private int _compared;

    /// <summary>One sentence per fault.</summary>
    public IReadOnlyList<string> Faults => _faults;

    public string Summary => $"{_hashes.Count} entries checked, {_compared} compared with the log, {_faults.Count} faults";

    public void Add(JsonElement entry)
    {
        if (AuditChain.Check(_last, entry, out var link) is { } fault) _faults.Add(Describe(fault));
        _last = link;
        _hashes[link.Seq] = link.Hash;
        _tenant ??= entry.TryGetProperty("tenant", out var tenant) ? tenant.GetString() : null;
    }

    /// <summary>Compares every line about this tenant with the entry of the same number. Lines are JSON objects with a <c>message</c>, or plain text.</summary>
    public void Compare(FileInfo log)
    {
        var oldest = _hashes.Count > 0 ? _hashes.Keys.Min() : long.MaxValue;
        foreach (var line in File.ReadLines(log.FullName))
        {
            if (AuditLine().Match(MessageOf(line)) is not { Success: true } match || !TryParse(match.Groups["entry"].Value, out var logged)) continue;
            if (_tenant is not null && match.Groups["log"].Value != _tenant) continue;
            var seq = long.Parse(match.Groups["seq"].Value, CultureInfo.InvariantCulture);
            var hash = logged.TryGetProperty("hash", out var text) ? text.GetString() : null;

            // An older entry has left the log after its retention.
            if (seq < oldest) continue;
            _compared++;
            if (!_hashes.TryGetValue(seq, out var known)) _faults.Add($"Entry {seq} was logged by a worker and is not in the audit log.");
            else if (known != hash) _faults.Add($"Entry {seq} differs from what a worker has logged.");
        }
    }

    private static string Describe(AuditFault fault) => fault.Kind switch
    {
        AuditFaultKind.Altered => $"Entry {fault.Seq} was altered: its hash does not match its content.",
        AuditFaultKind.Missing => $"Entry {fault.Seq} is missing.",
        AuditFaultKind.Inserted => $"Entry {fault.Seq} was inserted: the number was used before.",
        AuditFaultKind.Broken => $"Entry {fault.Seq} does not follow the entry before it: one of the two was replaced.",
        _ => $"Entry {fault.Seq} cannot be read.",
    };

    private static string MessageOf(string line) =>
        line.StartsWith('{') && TryParse(line, out var json) && json.TryGetProperty("message", out var message) && message.ValueKind is JsonValueKind.String ? message.GetString()! : line;

    private static bool TryParse(string text, out JsonElement json)
    {
        try
        {
            json = JsonElement.Parse(text);
            return json.ValueKind is JsonValueKind.Object;
        }
        catch (JsonException)
        {
            json = default;
            return false;
        }
    }

    [GeneratedRegex(@"Audit entry (?<seq>[1-9][0-9]{0,17}) of (?<log>\S+): (?<entry>\{.*\})\s*$")]
    private static partial Regex AuditLine();
}
