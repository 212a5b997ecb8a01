using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace Podflare.Content;

/// <summary>Code and output that tenants have sent to their telemetry destinations (<c>capture_content</c>). Section <c>Podflare:Content</c>.</summary>
public sealed class ContentOptions
{
    public const string Section = "Podflare:Content";

    /// <summary>Bytes of one text that are sent: the first quarter of them from its beginning, the rest from its end. Default: 8 KiB.</summary>
    [Range(256, 64 * 1024)]
    public int MaxBytes { get; set; } = 8 * 1024;

    /// <summary>Regular expressions whose matches are replaced for all tenants, beside what is always replaced and what a tenant's own patterns match. Default: none.</summary>
    public string[] Patterns { get; set; } = [];

    /// <summary>Bytes of code and output of runs that have not ended, or whose spans wait to be made, in one process; of more, the content is missing. Default: 64 MiB.</summary>
    [Range(1024 * 1024, 1024 * 1024 * 1024)]
    public int MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    internal bool HasPatterns => Array.TrueForAll(Patterns, pattern => ContentPattern.Parse(pattern) is not null);
}

/// <summary>A regular expression of an operator or a tenant. Its time is linear in the length of the text, whatever it is.</summary>
public static class ContentPattern
{
    /// <returns>Null when it is not one, or needs backtracking.</returns>
    public static Regex? Parse(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
