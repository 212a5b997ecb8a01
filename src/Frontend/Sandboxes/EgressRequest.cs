using System.Collections.Immutable;
using Podflare.Containers;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Sandboxes;

/// <summary>The field <c>egress</c> of a create: true or false, or the hosts that the sandbox may reach.</summary>
/// <param name="IsOpen">Null if the field is absent.</param>
/// <param name="Hosts">Null if the field does not name hosts.</param>
internal readonly record struct EgressRequest(bool? IsOpen, ImmutableArray<string>? Hosts)
{
    public static EgressRequest Read(ref JsonFieldReader fields, FieldErrors errors)
    {
        var (flag, isObject) = fields.FlagOrObject();
        if (!isObject) return new(flag, null);
        ImmutableArray<string>? hosts = null;
        while (fields.Next())
        {
            if (fields.Is("allow")) hosts = fields.Texts(EgressHosts.Max, static (text, _) => EgressHosts.Normalize(text, out var _));
            else fields.Skip();
        }

        if (hosts is null or []) errors.Add("egress.allow", $"must be a list of 1 to {EgressHosts.Max} host names");
        return new(null, hosts is { } texts ? [.. texts.Select(Normalized).Distinct(StringComparer.Ordinal)] : []);
    }

    /// <summary>What of it is granted.</summary>
    public (bool IsOpen, ImmutableArray<string> Hosts) Grant(CreateOptions options, string template, Template? limits, List<string> warnings)
    {
        var byServer = options.OfferEgress || (Hosts is not null && options.OfferNamedEgress);
        if (!byServer || limits is { Egress: false })
        {
            if (IsOpen is true || Hosts is not null)
                warnings.Add($"egress is not offered {(byServer ? $"for template {template}" : "by this server")}; the sandbox has no network access");
            return (false, []);
        }

        return Hosts is { } hosts ? (false, hosts) : (IsOpen ?? options.EgressByDefault, []);
    }

    private static string Normalized(string text)
    {
        _ = EgressHosts.Normalize(text, out var host);
        return host;
    }
}
