using Podflare.Content;
using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>The code and output of a sandbox's runs, as far as the tenant's telemetry destination may get them.</summary>
internal sealed class SandboxContent(SandboxRecords records, SandboxLogs logs)
{
    private string[]? _env;

    /// <summary>The sandbox was created here: the values of its variables are known, and are kept in memory alone.</summary>
    public void SetEnv(IEnumerable<string> values) => _env = [.. values];

    /// <summary>The request with what its sandbox forbids.</summary>
    public RunRequest Restrict(RunRequest request) => records.Record.NoContent ? request with { NoContent = true } : request;

    /// <returns>Null when nothing of the run may be sent.</returns>
    public RunContent? Begin(RunRequest request)
    {
        if (request.NoContent || records.Record.NoContent || request.Kind is not (RunKind.Code or RunKind.Process)) return null;
        // Values that died with another process could not be recognized.
        if (records.Record.HasEnv && _env is null) return null;
        return logs.Spans.Begin(new TenantId(records.Record.Tenant), request.Code, [.. _env ?? [], .. request.Env.Values]);
    }
}
