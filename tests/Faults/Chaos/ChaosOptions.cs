using System.Globalization;
using System.Security.Cryptography;

namespace Podflare.Faults.Chaos;

/// <summary>How much is broken, and with which decisions. From the environment, as <c>eng/chaos.sh</c> sets it.</summary>
/// <param name="Seed">Of every decision: the same one makes the same faults and the same programs.</param>
/// <param name="Faults">Faults that are made; null where the time is given instead.</param>
/// <param name="Time">Time for which faults are made, where their number is not given.</param>
/// <param name="Sandboxes">Sandboxes that run programs at a time.</param>
/// <param name="Engine">Restarts the container engine as well: of the whole machine, so never by default.</param>
/// <param name="Kinds">The kinds of faults that are made; empty makes all.</param>
/// <param name="Report">File for the table; null for none.</param>
internal sealed record ChaosOptions(int Seed, int? Faults, TimeSpan Time, int Sandboxes, bool Engine, IReadOnlyCollection<FaultKind> Kinds, string? Report)
{
    public static ChaosOptions Read() => new(
        Number("PODFLARE_CHAOS_SEED") ?? RandomNumberGenerator.GetInt32(1, 1_000_000),
        Number("PODFLARE_CHAOS_FAULTS"),
        TimeSpan.FromSeconds(Number("PODFLARE_CHAOS_SECONDS") ?? 75),
        Number("PODFLARE_CHAOS_SANDBOXES") ?? 20,
        Environment.GetEnvironmentVariable("PODFLARE_CHAOS_ENGINE") == "1",
        [.. (Environment.GetEnvironmentVariable("PODFLARE_CHAOS_KINDS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<FaultKind>)],
        Environment.GetEnvironmentVariable("PODFLARE_CHAOS_REPORT"));

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
