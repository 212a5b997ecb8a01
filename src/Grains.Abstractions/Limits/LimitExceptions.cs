namespace Podflare.Limits;

/// <summary>Which limit of a tenant a sandbox would exceed.</summary>
[GenerateSerializer, Alias("podflare.SandboxQuota")]
public enum SandboxQuota
{
    /// <summary>Sandboxes that exist at the same time.</summary>
    Sandboxes,

    /// <summary>The sum of their memory limits.</summary>
    Memory,
}

/// <summary>The tenant has as many sandboxes, or as much memory in them, as it may. Nothing was created.</summary>
[GenerateSerializer, Alias("podflare.SandboxQuotaExceededException")]
public sealed class SandboxQuotaExceededException(SandboxQuota quota, long limit)
    : PodflareException(
        quota is SandboxQuota.Memory
            ? $"the tenant's sandboxes would have more than {limit} MiB of memory, which is its limit; delete one"
            : $"the tenant has {limit} sandboxes, which is its limit; delete one")
{
    /// <summary>The limit that was reached.</summary>
    [Id(0)]
    public SandboxQuota Quota { get; } = quota;

    /// <summary>Sandboxes, or MiB.</summary>
    [Id(1)]
    public long Limit { get; } = limit;
}

/// <summary>As many runs of the tenant execute as may at the same time, and none ended while this one waited. Nothing was started.</summary>
[GenerateSerializer, Alias("podflare.RunQuotaExceededException")]
public sealed class RunQuotaExceededException(int limit) : PodflareException($"{limit} runs of the tenant are executing, which is its limit; wait for one to end")
{
    /// <summary>Runs that may execute at the same time.</summary>
    [Id(0)]
    public int Limit { get; } = limit;
}

/// <summary>The output of the tenant's open runs alone uses all the storage that the tenant may use for events. Nothing was started.</summary>
[GenerateSerializer, Alias("podflare.OutputQuotaExceededException")]
public sealed class OutputQuotaExceededException() : PodflareException("the output of the tenant's open runs has reached the tenant's limit; wait for a run to end")
{
}
