using System.Globalization;

namespace Podflare.Cli.Output;

/// <summary>Texts of others, made fit for a terminal, and values made fit for people.</summary>
internal static class Texts
{
    /// <summary>Without control characters: a name must not move the cursor or change colours.</summary>
    public static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;

    public static string Time(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";

    public static string Pairs(IReadOnlyDictionary<string, string> pairs) => pairs.Count == 0 ? "-" : string.Join(' ', pairs.Select(pair => $"{pair.Key}={pair.Value}"));

    public static string Reason(ExitEvent exit) => exit.Reason switch
    {
        ExitReason.Timeout => "it ran into its timeout",
        ExitReason.Interrupted => "it was interrupted",
        ExitReason.Killed => "it was killed",
        ExitReason.Expired => "its sandbox's time was over",
        ExitReason.Oom => "it ran out of memory",
        ExitReason.Crashed => "its process died",
        ExitReason.Lost => "its sandbox was lost with its host",
        _ => "for a reason that this version does not know",
    };

    /// <summary>Splits <c>NAME=VALUE</c>.</summary>
    public static Dictionary<string, string>? ParsePairs(string[]? pairs, string option)
    {
        if (pairs is not { Length: > 0 }) return null;
        var parsed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=');
            if (at <= 0) throw new Hosting.CliException($"{option} takes NAME=VALUE, not {pair}.");
            parsed[pair[..at]] = pair[(at + 1)..];
        }

        return parsed;
    }
}
