namespace Podflare;

/// <summary>What a new sandbox is to be. Whatever is not set is the server's default.</summary>
public sealed record SandboxOptions
{
    /// <summary>The template, at most 128 characters.</summary>
    public string? Template { get; init; }

    /// <summary>Time after which the sandbox ends whatever it does. As shipped: 24 hours, at most 7 days.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>Time without a run or file call after which it ends. As shipped: 30 minutes, at most 24 hours.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Memory, in MiB.</summary>
    public int? RamMib { get; init; }

    /// <summary>Disk, in GB.</summary>
    public int? RootfsGb { get; init; }

    /// <summary>Whether its code may reach the network. As shipped: no.</summary>
    public bool? Egress { get; init; }

    /// <summary>Texts to find it by: at most 32 pairs, keys of 64 and values of 512 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Environment variables of all its runs, at most 64 KiB in all.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>
    /// W3C <c>traceparent</c> of the calls about this sandbox that are made outside of any <see cref="System.Diagnostics.Activity"/>; it goes
    /// before <see cref="PodflareClientOptions.TraceParent"/>. A 64-bit trace id is padded.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>
    /// Under the same key the caller gets one sandbox, however often it asks; 1 to 255 visible ASCII characters. Default: a new one for each
    /// call, so that repeats of the call never make two.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}
