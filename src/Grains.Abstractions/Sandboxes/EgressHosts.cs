using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Podflare.Sandboxes;

/// <summary>Lists of hosts that sandboxes may reach: names, and patterns such as <c>*.example.com</c> for every name below a name.</summary>
public static class EgressHosts
{
    /// <summary>The most hosts that one sandbox may have on its list.</summary>
    public const int Max = 64;

    private const int MaxLength = 253;
    private const int MaxLabel = 63;
    private const string Wildcard = "*.";
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true };
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Brings a name or pattern into the form in which names are compared: lower-case ASCII (IDNA) without a dot at its end.</summary>
    /// <param name="host">The normalized host; empty if it is not valid.</param>
    /// <returns>What is wrong with it; null if it is valid.</returns>
    public static string? Normalize(string text, out string host)
    {
        host = "";
        var pattern = text.StartsWith(Wildcard, StringComparison.Ordinal);
        var name = pattern ? text[Wildcard.Length..] : text;
        if (name.Contains('*', StringComparison.Ordinal)) return "must have a wildcard only as its whole first label, as in *.example.com";
        if (!TryMakeAscii(name, out name)) return "must be a host name such as api.example.com, without a scheme, port or path";
        if (System.Net.IPAddress.TryParse(name.Trim('[', ']'), out _) || char.IsAsciiDigit(name[(name.LastIndexOf('.') + 1)..][0])) return "must be a host name, not an IP address";
        var labels = name.Split('.');
        if (name.Length > MaxLength || labels.Length < 2 || !labels.All(IsLabel)) return "must be a host name such as api.example.com, without a scheme, port or path";
        host = pattern ? Wildcard + name : name;
        return null;
    }

    /// <summary>Takes from a list what another list does not include.</summary>
    /// <param name="wanted">Normalized hosts.</param>
    /// <param name="allowed">Normalized hosts.</param>
    public static (ImmutableArray<string> Granted, ImmutableArray<string> Refused) Limit(ImmutableArray<string> wanted, ImmutableArray<string> allowed)
    {
        var granted = wanted.Where(host => allowed.Any(other => Includes(other, host))).ToImmutableArray();
        return (granted, [.. wanted.Except(granted, StringComparer.Ordinal)]);
    }

    /// <summary>Reduces the network access of a sandbox to what the list of its tenant includes.</summary>
    /// <param name="spec">With <see cref="SandboxSpec.Egress"/>, it gets the hosts of the list, of which the first <see cref="Max"/> fit.</param>
    /// <param name="tenantHosts">The tenant's list, as it was set.</param>
    /// <param name="refused">Hosts of the spec that the list does not include.</param>
    public static SandboxSpec Within(SandboxSpec spec, ImmutableArray<string> tenantHosts, out ImmutableArray<string> refused)
    {
        refused = [];
        if (!spec.Egress && spec.EgressHosts.IsDefaultOrEmpty) return spec;
        var allowed = tenantHosts.Select(text => Normalize(text, out var host) is null ? host : "").Where(host => host.Length > 0).Distinct(StringComparer.Ordinal).ToImmutableArray();
        (var granted, refused) = Limit(spec.Egress ? [.. allowed.Take(Max)] : spec.EgressHosts, allowed);
        return !spec.Egress && refused.IsEmpty ? spec : spec with { Egress = false, EgressHosts = granted };
    }

    private static bool Includes(string allowed, string host) =>
        allowed == host || (allowed.StartsWith(Wildcard, StringComparison.Ordinal) && host.EndsWith(allowed[1..], StringComparison.Ordinal));

    private static bool TryMakeAscii(string name, out string ascii)
    {
        ascii = "";
        if (name is [.. var rest, '.']) name = rest;
        if (name.Length is 0 or > MaxLength) return false;
        try
        {
            ascii = Idn.GetAscii(name.ToLowerInvariant()).ToLowerInvariant();
            return ascii.Length > 0 && ascii[^1] != '.';
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabel && label[0] != '-' && label[^1] != '-' && !label.AsSpan().ContainsAnyExcept(LabelCharacters);
}
