using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Resilience;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Creates sandboxes: chooses a host, claims a container there, and hands it to its grain. When a host refuses, the next best one is asked.</summary>
public sealed partial class SandboxCreator(
    HostDirectory hosts, IGrainFactory grains, IOptions<HostDirectoryOptions> options, IOptions<TemplateOptions> templates, IOptions<SandboxOptions> limits,
    TimeProvider time, ILogger<SandboxCreator> logger)
{
    // A lease that is gone means a host that restarted: it is worth another claim there, but not for ever.
    private const int MaxClaims = 6;

    // How often one sandbox is asked to come into being. Its answer may be lost after its record was written.
    private const int MaxAttempts = 4;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <param name="creation">Random, or derived from the idempotency key: a repeat with the same one is the same create.</param>
    /// <param name="claimed">Called with each claimed id before its grain is called, so that the sandbox can be found after a crash.</param>
    /// <param name="cancellationToken">The deadline of the whole create.</param>
    /// <exception cref="InvalidRequestException">A field is beyond its limit. Nothing was claimed.</exception>
    /// <exception cref="NoCapacityException">No host has room.</exception>
    /// <exception cref="ContainerStartException">The engine or the image refused.</exception>
    public async Task<SandboxInfo> CreateAsync(
        string creation, TenantId tenant, SandboxSpec spec, Func<SandboxId, Task>? claimed, CancellationToken cancellationToken)
    {
        SandboxLimits.Guard(spec, limits.Value);
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
                return await CreateAsync(sandbox, creation, tenant, spec, cancellationToken);
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

    /// <summary>
    /// Creates one claimed sandbox. Where the outcome stays unknown it is deleted, so that the client never gets a second one beside it.
    /// </summary>
    private async Task<SandboxInfo> CreateAsync(SandboxId id, string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
        var pause = new Backoff(FirstPause, LongestPause, time);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await sandbox.Create(creation, tenant, spec, cancellationToken);
            }
            catch (Exception e) when (e is not (LeaseGoneException or SandboxTakenException) && (attempt == MaxAttempts || !Transient.IsTransient(e)))
            {
                Background.Run(logger, "delete of a failed create", DeleteAsync(sandbox, tenant));
                throw;
            }
            catch (Exception e) when (Transient.IsTransient(e))
            {
                await pause.WaitAsync(cancellationToken);
            }
        }
    }

    private static async Task DeleteAsync(ISandboxGrain sandbox, TenantId tenant)
    {
        try
        {
            await sandbox.Delete(tenant);
        }
        catch (SandboxNotFoundException)
        {
            // It was not created; its lease expires.
        }
    }

    private static bool IsThisHostAlone(Exception e) =>
        e is NoCapacityException or ContainerStartException or SandboxUnreachableException or ShuttingDownException or OrleansException or TimeoutException;

    [LoggerMessage(LogLevel.Debug, "Host {Host} has no room for a new sandbox now.")]
    private partial void LogFull(string host);

    [LoggerMessage(LogLevel.Warning, "Host {Host} could not create a sandbox.")]
    private partial void LogRefused(Exception exception, string host);
}
