namespace Podflare.Hosts;

/// <summary>
/// How many containers may wait ready beyond what demand asks for. A burst is as fast as the pool is deep, and a parked container costs memory
/// only: so a host keeps many, as long as nobody needs that memory, and starts them while its CPU has nothing else to do.
/// </summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class IdleDepth(HostOptions options, HostMemory memory, HostCpu cpu)
{
    // What a container takes whose REPL is ready and has done nothing, with the engine's process and the kernel's share.
    private const long IdleBytes = 16L << 20;

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    /// <summary>Containers of all templates that may be parked.</summary>
    public int Most { get; } = (int)Math.Min(options.Slots, options.PoolMemoryShare * memory.TotalBytes / IdleBytes);

    /// <summary>Containers of this pool that may be parked at most.</summary>
    public int MostOf(TemplatePool pool) => pool.Demand.Max ?? Math.Max(Most, pool.Demand.MostInDemand);

    /// <summary>Programs can have less memory than is kept for the system: parked containers give theirs back.</summary>
    public bool IsShort => !memory.HasFree(0);

    /// <summary>How many containers of this pool are kept although demand does not ask for them. A template that nobody uses has none.</summary>
    public int KeepOf(TemplatePool pool) => IsShort || !(pool.Demand.Min > 0 || pool.Demand.WasClaimedWithin(Memory)) ? 0 : Math.Min(Most, pool.Demand.Max ?? Most);

    /// <summary>Once a second: how many containers may be started now.</summary>
    /// <param name="parked">Containers that are parked or are being started for a pool.</param>
    public int TakeStarts(int parked)
    {
        var idle = cpu.TakeIdleShare();
        return Most > parked && idle >= options.PoolIdleCpu ? Math.Min(options.PoolFillRate, Most - parked) : 0;
    }
}
