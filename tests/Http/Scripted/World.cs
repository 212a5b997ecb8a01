using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Feed;
using Podflare.Hosts;
using Podflare.Limits;
using Podflare.Sandboxes;
using Podflare.Storage;
using Podflare.Tenants;
using Podflare.Usage;

namespace Podflare.Scripted;

/// <summary>What the scripted grains of one cluster share, and what a test can do to them.</summary>
public sealed class World
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private DateTimeOffset _now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public ConcurrentDictionary<string, ScriptedSandboxState> Sandboxes { get; } = new();

    /// <summary>The records of tenants.</summary>
    public MemoryStore Kept { get; } = new(expiry: null, capacity: 10_000, TimeProvider.System);

    /// <summary>What keys have used.</summary>
    internal FileUsageLog Usage { get; } = new(Folder("usage."), new UsageOptions(), TimeProvider.System, NullLogger<FileUsageLog>.Instance);

    /// <summary>Who did what.</summary>
    internal FileAuditLog Audit { get; } = new(Folder("audit."), new AuditOptions(), TimeProvider.System, NullLogger<FileAuditLog>.Instance);

    /// <summary>What tenants are told.</summary>
    internal MemoryFeedLog Feed { get; } = new(Options.Create(new FeedOptions()), TimeProvider.System);

    public ConcurrentDictionary<string, HostScript> Hosts { get; } = new();

    public ConcurrentDictionary<string, (string Payload, SandboxInfo Sandbox)> Creations { get; } = new();

    /// <summary>The spec of each sandbox, as the grains got it.</summary>
    public ConcurrentDictionary<string, SandboxSpec> Specs { get; } = new();

    /// <summary>The limits of tenants; a tenant that is not here has none.</summary>
    public ConcurrentDictionary<TenantId, EffectiveLimits> Limits { get; } = new();

    /// <summary>What every call of the registry of tenants throws; null to answer.</summary>
    public Func<Exception>? RegistryFailure { get; set; }

    private static string Folder(string prefix) => Directory.CreateTempSubdirectory(prefix).FullName;

    public HostScript Host(string host) => Hosts.GetOrAdd(host, _ => new HostScript());

    /// <summary>A point at which scripted code waits until the test opens it.</summary>
    public TaskCompletionSource Gate(string name) => _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Adds a sandbox as if it had been created.</summary>
    public SandboxId Add(TenantId? tenant = null, string host = Cluster.Host, SandboxSpec? spec = null, SandboxId? id = null)
    {
        var sandbox = id ?? SandboxId.New(host);
        lock (this) _now += TimeSpan.FromMilliseconds(1);
        var info = new SandboxInfo(
            sandbox, tenant ?? TenantId.Default, SandboxState.Ready, spec?.Template ?? "python", spec?.Metadata ?? ImmutableSortedDictionary<string, string>.Empty,
            spec?.Egress ?? false, _now, _now + TimeSpan.FromDays(1), TimeSpan.FromMinutes(30), null, null)
        { EnvNames = [.. spec?.Env.Keys ?? []], Trace = spec?.Trace };
        Sandboxes[sandbox.Value] = new ScriptedSandboxState(this, info);
        return sandbox;
    }
}

/// <summary>How a host behaves.</summary>
public sealed class HostScript
{
    public HostLoad Load { get; set; } = new(1, 10, false);

    /// <summary>What it does for tenants, by their id.</summary>
    public ConcurrentDictionary<string, Podflare.Traffic.HostTraffic> Traffic { get; } = new();

    /// <summary>What a question about its load throws; null to answer.</summary>
    public Func<Exception>? LoadFailure { get; set; }

    /// <summary>What a claim throws; null to succeed.</summary>
    public Func<Exception>? Refusal { get; set; }

    /// <summary>What the sandbox of the next claims throws when it is created, one each.</summary>
    public ConcurrentQueue<Exception> CreateFailures { get; } = new();

    /// <summary>How long its list takes.</summary>
    public TimeSpan ListDelay { get; set; }

    /// <summary>The waits that claims allowed.</summary>
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();
}
