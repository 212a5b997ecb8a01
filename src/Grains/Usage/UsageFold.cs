using System.Collections.Immutable;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Usage;

/// <summary>What a sandbox has used so far, on its way into the totals of a day. The values are cumulative, so repeating a fold is harmless.</summary>
/// <param name="Day">The day, in UTC, to which what is new in these values counts.</param>
/// <param name="IsFinal">The sandbox has ended: later folds of it are ignored.</param>
/// <param name="Sources">One per key.</param>
public sealed record UsageFold(SandboxId Sandbox, DateOnly Day, bool IsFinal, ImmutableArray<UsageSource> Sources);

/// <summary>What one key has used in a sandbox, since the sandbox was created.</summary>
/// <param name="Key">The id of the key; null for callers without one.</param>
public readonly record struct UsageSource(string? Key, UsageAmounts Total)
{
    /// <summary>The text that takes the place of the id where a caller has no key.</summary>
    public const string NoKey = RunUsage.NoKey;

    public string Field => Key ?? NoKey;

    public static string? KeyOf(string field) => field == NoKey ? null : field;
}
