using System.Globalization;
using System.Text.RegularExpressions;

namespace Podflare.Subscribers;

/// <summary>Accepts only plain addresses, so that no part of one can become a header or a second recipient.</summary>
internal static partial class MailAddresses
{
    private const int MaxLength = 254;

    /// <summary>Returns the address trimmed and with its domain in lower-case ASCII, or null if it is not valid.</summary>
    public static string? Normalize(string? text)
    {
        // Checked before trimming: a trailing line break is an injection attempt.
        if (text is null || text.AsSpan().ContainsAny('\r', '\n', '\0')) return null;
        text = text.Trim();
        var at = text.LastIndexOf('@');
        if (at < 1 || at > 64 || text.Length > MaxLength) return null;
        string domain;
        try
        {
            domain = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(text[(at + 1)..]).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return null;
        }

        var address = $"{text[..at]}@{domain}";
        return address.Length <= MaxLength && Plain().IsMatch(address) ? address : null;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
