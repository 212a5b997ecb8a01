using System.Collections.Immutable;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Sandboxes;

/// <summary>The validated body of a request to change a sandbox, with maxima applied.</summary>
/// <param name="Warnings">Values that were reduced.</param>
internal sealed record PatchRequest(SandboxUpdate Update, IReadOnlyList<string> Warnings)
{
    /// <param name="tenant">The limits of the caller's tenant; null where it has none.</param>
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static PatchRequest Parse(ReadOnlySpan<byte> utf8, CreateOptions options, EffectiveLimits? tenant = null) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        double? lifetime = null, idle = null;
        ImmutableSortedDictionary<string, string?>? metadata = null;
        while (fields.Next())
        {
            if (fields.Is("timeout_seconds")) lifetime = fields.Positive();
            else if (fields.Is("idle_timeout_seconds")) idle = fields.Positive();
            else if (fields.Is("metadata")) metadata = fields.Patch(2 * options.MaxMetadataPairs, RequestFields.WrongMetadata);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        var warnings = new List<string>();
        var update = new SandboxUpdate(
            Limit("timeout_seconds", lifetime, options.MaxLifetimeOf(tenant), warnings),
            Limit("idle_timeout_seconds", idle, options.MaxIdleOf(tenant), warnings),
            metadata is { IsEmpty: false } ? metadata : null);
        return new PatchRequest(update, warnings);
    });

    /// <exception cref="ProblemException">400: the sandbox would have too many pairs.</exception>
    public void ThrowIfTooManyPairs(IReadOnlyDictionary<string, string> current, int maxPairs)
    {
        if (Update.Metadata is not { } patch) return;
        var kept = current.Keys.Count(key => !patch.ContainsKey(key));
        if (kept + patch.Values.Count(value => value is not null) > maxPairs) throw ProblemException.Invalid("metadata", $"must have at most {maxPairs} pairs");
    }

    private static TimeSpan? Limit(string field, double? seconds, int maximum, List<string> warnings) =>
        seconds is { } wanted ? RequestFields.Duration(field, wanted, maximum, maximum, warnings) : null;
}
