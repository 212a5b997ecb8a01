using System.Collections.Immutable;
using Podflare.Audit;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>What is stored of a sandbox while it lives. Written at create, at adoption and at each change of state; never per run.</summary>
[GenerateSerializer, Immutable, Alias("podflare.SandboxRecord")]
public sealed record SandboxRecord
{
    [Id(0)] public string Tenant { get; init; } = "";

    /// <summary>The create that made it: a repeat with the same id gets the same sandbox.</summary>
    [Id(1)] public string Creation { get; init; } = "";

    /// <summary>The silo (address and generation) whose activation wrote last.</summary>
    [Id(2)] public string Owner { get; init; } = "";

    /// <summary>The supervisor's life; another one means that the container was started anew and its state is gone.</summary>
    [Id(3)] public string Boot { get; init; } = "";

    [Id(4)] public string ContainerId { get; init; } = "";

    [Id(5)] public string Template { get; init; } = "";

    [Id(6)] public bool Egress { get; init; }

    [Id(7)] public ImmutableSortedDictionary<string, string> Metadata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Id(8)] public DateTimeOffset CreatedAt { get; init; }

    [Id(9)] public DateTimeOffset ExpiresAt { get; init; }

    [Id(10)] public TimeSpan IdleLimit { get; init; }

    /// <summary>Set when the end has begun; an activation that finds it continues the end.</summary>
    [Id(11)] public EndReason? Ending { get; init; }

    /// <summary>With <see cref="EndReason.Stuck"/>: the run that did not obey.</summary>
    [Id(12)] public string? StuckRun { get; init; }

    [Id(13)] public TraceBinding? Trace { get; init; }

    /// <summary>The caller who created it; null if unknown.</summary>
    [Id(14)] public AuditOrigin? Origin { get; init; }

    /// <summary>The memory limit of its container, in MiB; 0 in a record of an older version.</summary>
    [Id(15)] public int MemoryMib { get; init; }

    /// <summary>CPU time that its container had used before it became this sandbox, in microseconds.</summary>
    [Id(16)] public long CpuBeforeUs { get; init; }

    /// <summary>With <see cref="EndReason.Deleted"/>: who deleted it.</summary>
    [Id(17)] public AuditOrigin? EndOrigin { get; init; }

    /// <summary>The hosts that it may reach; empty for none.</summary>
    [Id(18)] public ImmutableArray<string> EgressHosts { get; init; } = [];

    /// <summary>The size of its home, in MiB; 0 in a record of an older version.</summary>
    [Id(19)] public int HomeMib { get; init; }

    /// <summary>Code and output of its runs are not sent anywhere.</summary>
    [Id(20)] public bool NoContent { get; init; }

    /// <summary>Its runs have environment variables of the create. Their values are stored nowhere.</summary>
    [Id(21)] public bool HasEnv { get; init; }

    /// <summary>From which the tokens of clients without an API key are derived; empty until one is needed.</summary>
    [Id(22)] public byte[] Secret { get; init; } = [];

    /// <summary>The names of the environment variables of the create, at most <see cref="SandboxLimits.MaxEnvNames"/>.</summary>
    [Id(23)] public ImmutableArray<string> EnvNames { get; init; } = [];

    /// <summary>The API key to which the sandbox counts; null for callers without one.</summary>
    public string? CreatorKey() => Origin?.Actor.ToKey();

    public RunSandbox ToRunSandbox(SandboxId id) => new(id, Tenant, Template, ContainerId);

    public SandboxInfo ToInfo(SandboxId id) => new(
        id, new TenantId(Tenant), Ending is null ? SandboxState.Ready : SandboxState.Ending, Template, Metadata, Egress, CreatedAt, ExpiresAt,
        IdleLimit, null, Ending)
    { Trace = Trace, Creation = Creation, EgressHosts = EgressHosts.IsDefault ? [] : EgressHosts, MemoryMib = MemoryMib, HomeMib = HomeMib, EnvNames = EnvNames.IsDefault ? [] : EnvNames };
}

/// <summary>What is left of a sandbox for 24 h after its end. It beats a record that a crash left beside it.</summary>
[GenerateSerializer, Immutable, Alias("podflare.Tombstone")]
public sealed record Tombstone
{
    [Id(0)] public SandboxInfo? Sandbox { get; init; }

    /// <summary>The caller who deleted it; null if nobody asked for its end.</summary>
    [Id(1)] public AuditOrigin? Origin { get; init; }
}
