using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Makes a sandbox: chooses a host, claims a container there, hands it to its grain; on a refusal the next best host is asked.</summary>
public sealed partial class SandboxCreator(
    HostDirectory hosts, IGrainFactory grains, IOptions<HostDirectoryOptions> options, IOptions<TemplateOptions> templates, ILogger<SandboxCreator> logger)
{
    // A lease that is gone is a host that restarted: worth another claim there, but not for ever.
    private const int MaxClaims = 6;

    /// <param name="creation">Random, or derived from the idempotency key: a repeat with the same one is the same create.</param>
    /// <param name="claimed">Called with each claimed id before its grain is: whoever keeps it can find the sandbox after a crash.</param>
    /// <param name="cancellationToken">The deadline of the whole create.</param>
    /// <exception cref="NoCapacityException">No host has room.</exception>
    /// <exception cref="ContainerStartException">The engine or the image refused.</exception>
    public async Task<SandboxInfo> CreateAsync(
        string creation, TenantId tenant, SandboxSpec spec, Func<SandboxId, Task>? claimed, CancellationToken cancellationToken)
    {
        using var span = Spans.Start(Spans.Create, spec.Trace);
        span?.SetTag(Spans.Template, spec.Template).SetTag(Spans.TenantId, tenant.Value);
        if (span is { Id: { } id }) CallContext.Set(id, spec.Trace);
        using var took = new DurationTimer(Instruments.SandboxCreate, templates.Value.ContainsKey(spec.Template) ? spec.Template : "other");
        try
        {
            var sandbox = await TryHostsAsync(creation, tenant, spec, claimed, cancellationToken);
            span?.SetTag(Spans.SandboxId, sandbox.Id.Value);
            return sandbox;
        }
        catch (Exception e)
        {
            span.Fail(e);
            took.Fail(e);
            throw;
        }
    }

    private async Task<SandboxInfo> TryHostsAsync(
        string creation, TenantId tenant, SandboxSpec spec, Func<SandboxId, Task>? claimed, CancellationToken cancellationToken)
    {
        var candidates = hosts.Candidates(spec.Template);
        Exception refusal = new NoCapacityException();
        for (var (claims, at) = (0, 0); at < candidates.Count && claims < MaxClaims; claims++)
        {
            var wait = TimeSpan.FromSeconds(at == candidates.Count - 1 ? options.Value.WaitSeconds : 0);
            try
            {
                var sandbox = await grains.GetGrain<IHostGrain>(candidates[at]).Claim(tenant, spec, wait, cancellationToken);
                if (claimed is not null) await claimed(sandbox);
                return await grains.GetGrain<ISandboxGrain>(sandbox.Value).Create(creation, tenant, spec, cancellationToken);
            }
            catch (Exception e) when (e is LeaseGoneException or SandboxTakenException)
            {
                refusal = e;
            }
            catch (Exception e) when (IsThisHostAlone(e))
            {
                if (e is NoCapacityException) LogFull(candidates[at]);
                else LogRefused(e, candidates[at]);
                refusal = e;
                at++;
            }
        }

        throw refusal;
    }

    private static bool IsThisHostAlone(Exception e) =>
        e is NoCapacityException or ContainerStartException or SandboxUnreachableException or ShuttingDownException or OrleansException or TimeoutException;

    [LoggerMessage(LogLevel.Debug, "Host {Host} has no room for a new sandbox now.")]
    private partial void LogFull(string host);

    [LoggerMessage(LogLevel.Warning, "Host {Host} could not take a new sandbox.")]
    private partial void LogRefused(Exception exception, string host);
}
