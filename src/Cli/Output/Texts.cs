using System.Globalization;

namespace Podflare.Cli.Output;

/// <summary>Formats values for people, and makes foreign text safe for a terminal.</summary>
internal static class Texts
{
    /// <summary>Replaces control characters: a name must not move the cursor or change colors.</summary>
    public static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;

    public static string Time(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>The distance of a time from now in its largest unit: <c>3 min ago</c>, <c>in 23 h</c>.</summary>
    public static string Relative(DateTimeOffset? time, DateTimeOffset now)
    {
        if (time is not { } at) return "-";
        var distance = (at - now).Duration();
        var text = distance switch
        {
            { TotalSeconds: < 60 } => $"{(int)distance.TotalSeconds} s",
            { TotalMinutes: < 60 } => $"{(int)distance.TotalMinutes} min",
            { TotalHours: < 48 } => $"{(int)distance.TotalHours} h",
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)distance.TotalDays} days"),
        };
        return at > now ? $"in {text}" : $"{text} ago";
    }

    public static string Pairs(IReadOnlyDictionary<string, string> pairs) => pairs.Count == 0 ? "-" : string.Join(' ', pairs.Select(pair => $"{pair.Key}={pair.Value}"));

    /// <summary>The exit code, and the signal that ended the process: <c>143 (SIGTERM)</c>.</summary>
    public static string ExitCode(ExitEvent exit) => exit.Signal is { } signal ? string.Create(CultureInfo.InvariantCulture, $"{exit.Code} ({Clean(signal)})") : exit.Code.ToString(CultureInfo.InvariantCulture);

    public static string Reason(ExitEvent exit) => exit.Reason switch
    {
        ExitReason.Timeout => "timed out",
        ExitReason.Interrupted => "interrupted",
        ExitReason.Killed => "killed",
        ExitReason.Expired => "the sandbox expired",
        ExitReason.Oom => "out of memory",
        ExitReason.Crashed => "the process died",
        ExitReason.Lost => "the sandbox was lost with its host",
        _ => "unknown reason",
    };

    /// <summary>The message of an exception without .NET's name of the parameter, which is not an option of the command.</summary>
    public static string WithoutParameter(Exception e) =>
        e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;

    /// <summary>Splits <c>NAME=VALUE</c>.</summary>
    public static Dictionary<string, string>? ParsePairs(string[]? pairs, string option)
    {
        if (pairs is not { Length: > 0 }) return null;
        var parsed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=');
            if (at <= 0) throw new Hosting.CliException($"{option} expects NAME=VALUE, not '{pair}'.");
            parsed[pair[..at]] = pair[(at + 1)..];
        }

        return parsed;
    }
}
