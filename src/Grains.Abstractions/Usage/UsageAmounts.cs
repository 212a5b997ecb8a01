namespace Podflare.Usage;

/// <summary>What was used, in whole units, so that sums are exact.</summary>
/// <param name="Sandboxes">Sandboxes created.</param>
/// <param name="SandboxMs">Time that they lived, in milliseconds.</param>
/// <param name="MemoryMibMs">Their memory limit times the time that they lived, in MiB times milliseconds.</param>
/// <param name="CpuUs">CPU time of their processes, in microseconds.</param>
/// <param name="Runs">Runs that ended.</param>
/// <param name="Bytes">Bytes of the event lines of those runs, <c>exit</c> included.</param>
public readonly record struct UsageAmounts(long Sandboxes = 0, long SandboxMs = 0, long MemoryMibMs = 0, long CpuUs = 0, long Runs = 0, long Bytes = 0)
{
    public static UsageAmounts operator +(UsageAmounts a, UsageAmounts b) => new(
        a.Sandboxes + b.Sandboxes, a.SandboxMs + b.SandboxMs, a.MemoryMibMs + b.MemoryMibMs, a.CpuUs + b.CpuUs, a.Runs + b.Runs, a.Bytes + b.Bytes);

    /// <summary>What this has more than an earlier value of the same counters. A counter that went back has nothing more.</summary>
    public UsageAmounts Beyond(UsageAmounts earlier) => new(
        Math.Max(0, Sandboxes - earlier.Sandboxes), Math.Max(0, SandboxMs - earlier.SandboxMs), Math.Max(0, MemoryMibMs - earlier.MemoryMibMs),
        Math.Max(0, CpuUs - earlier.CpuUs), Math.Max(0, Runs - earlier.Runs), Math.Max(0, Bytes - earlier.Bytes));
}

/// <summary>What one key of a tenant used on one day.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="Key">The id of the API key; null for callers without one.</param>
public sealed record UsageRow(DateOnly Day, string? Key, UsageAmounts Amounts);
