using Podflare.Sandboxes;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>The keys of the event log. Those of one sandbox share a hash tag, so that one script may write them all.</summary>
internal static class RedisKeys
{
    public static RedisKey Run(SandboxId sandbox, RunId run) => $"podflare:{{{sandbox.Value}}}:run:{run.Value}";

    public static RedisKey Events(SandboxId sandbox, RunId run) => $"podflare:{{{sandbox.Value}}}:events:{run.Value}";

    /// <summary>The spans that the run's programs have sent, a stream.</summary>
    public static RedisKey Spans(SandboxId sandbox, RunId run) => $"podflare:{{{sandbox.Value}}}:spans:{run.Value}";

    /// <summary>The runs without an exit, a set.</summary>
    public static RedisKey Open(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:open";

    /// <summary>The last 256 runs, a list.</summary>
    public static RedisKey Runs(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:runs";

    /// <summary>How much the log keeps of the sandbox, a hash.</summary>
    public static RedisKey Log(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:log";

    /// <summary>The ended runs whose events are kept, a list.</summary>
    public static RedisKey Closed(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:closed";

    /// <summary>What the ended runs of the sandbox have used, a hash.</summary>
    public static RedisKey Usage(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:usage";

    /// <summary>The ended runs whose end the tenant's feed may not have, a list.</summary>
    public static RedisKey Unreported(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:unreported";

    /// <summary>How much the log keeps of a tenant, a hash with one field per process.</summary>
    public static RedisKey Tenant(string tenant) => $"podflare:log:tenant:{tenant}";

    /// <summary>How much the log keeps of the cluster, a hash with one field per process.</summary>
    public static RedisKey Cluster { get; } = "podflare:log:cluster";
}
