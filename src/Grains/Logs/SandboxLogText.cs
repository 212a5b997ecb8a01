using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Podflare.Logs;

/// <summary>Makes a message fit for the tenant of a sandbox: without addresses and paths of the hosts, and of limited size.</summary>
internal static partial class SandboxLogText
{
    /// <summary>Bytes of a message in UTF-8.</summary>
    public const int MaxBytes = 2 * 1024;

    private const string Address = "(address)";
    private const string HostPath = "(path)";
    private const string End = "…";

    public static string Clean(string message)
    {
        if (message.Contains(':')) message = V6().Replace(message, static match => IPAddress.TryParse(match.ValueSpan, out _) ? Address : match.Value);
        if (message.Contains('.')) message = V4().Replace(message, Address);
        if (message.Contains('/')) message = Absolute().Replace(message, HostPath);
        return Cut(message);
    }

    private static string Cut(string message)
    {
        if (message.Length <= MaxBytes / 3 || Encoding.UTF8.GetByteCount(message) <= MaxBytes) return message;
        var room = MaxBytes - Encoding.UTF8.GetByteCount(End);
        var length = 0;
        foreach (var rune in message.EnumerateRunes())
        {
            if ((room -= rune.Utf8SequenceLength) < 0) break;
            length += rune.Utf16SequenceLength;
        }

        return message[..length] + End;
    }

    [GeneratedRegex(@"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b", RegexOptions.CultureInvariant)]
    private static partial Regex V4();

    [GeneratedRegex(@"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})(?![\w:])", RegexOptions.CultureInvariant)]
    private static partial Regex V6();

    // Of at least two segments. The routes of the API are no paths of the host.
    [GeneratedRegex(@"(?<![\w:/.}-])/(?!v1/|compat/)[\w.@~+-]+(?:/[\w.@~+-]*)+", RegexOptions.CultureInvariant)]
    private static partial Regex Absolute();
}
