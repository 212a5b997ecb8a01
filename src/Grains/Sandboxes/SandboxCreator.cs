using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Limits;
using Podflare.Resilience;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Creates sandboxes: chooses a host, claims a container there, and hands it to its grain. When a host refuses, the next best one is asked.</summary>
public sealed partial class SandboxCreator(
    HostDirectory hosts, IGrainFactory grains, CreateReservations reservations, IOptions<HostDirectoryOptions> options, IOptions<TemplateOptions> templates,
    IOptions<SandboxOptions> limits, TimeProvider time, ILogger<SandboxCreator> logger)
{
    // A lease that is gone means a host that restarted: it is worth another claim there, but not for ever.
    private const int MaxLeases = 6;

    // How often one sandbox is asked to come into being. Its answer may be lost after its record was written.
    private const int MaxAttempts = 4;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <param name="creation">Random, or derived from the idempotency key: a repeat with the same one is the same create.</param>
    /// <param name="claimed">
    /// Called with each claimed id before its grain is called, so that the sandbox can be found after a crash or a failure: a repeat continues with
    /// the last one. Null where nobody can repeat this create.
    /// </param>
    /// <param name="cancellationToken">The deadline of the whole create.</param>
    /// <exception cref="InvalidRequestException">A field is beyond its limit. Nothing was claimed.</exception>
    /// <exception cref="SandboxQuotaExceededException">The tenant has as many sandboxes, or as much memory in them, as it may. Nothing was claimed.</exception>
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
            var sandbox = await reservations.CreateAsync(creation, tenant, spec, counted => TryHostsAsync(creation, tenant, counted, claimed, cancellationToken), cancellationToken);
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
        Exception? refusal = null;
        var attempts = new HostAttempts(() => hosts.Candidates(spec.Template), hosts.IsWell, TimeSpan.FromSeconds(options.Value.WaitSeconds));
        var leases = 0;

        // The sandbox that the key names, while it is not known whether its create has succeeded. Its repeat finds out.
        SandboxId? uncertain = null;
        while (attempts.TryPeek(out var host, out var wait))
        {
            var began = time.GetTimestamp();
            try
            {
                var sandbox = await ClaimAsync(host, wait, tenant, spec, cancellationToken);
                if (claimed is null) return await CreateOrDeleteAsync(sandbox, creation, tenant, spec, cancellationToken);
                await claimed(sandbox);
                if (uncertain is { } earlier) DeleteInBackground(earlier, tenant);
                uncertain = sandbox;
                return await CreateAsync(sandbox, creation, tenant, spec, cancellationToken);
            }
            catch (Exception e) when (e is LeaseGoneException or SandboxTakenException)
            {
                uncertain = null;
                if (++leases == MaxLeases) throw;
            }
            catch (Exception e) when (IsThisHostAlone(e) && !cancellationToken.IsCancellationRequested)
            {
                // A repeat helps where one host may do better later, whatever the others say.
                if (refusal is null || IsPermanent(refusal) || !IsPermanent(e)) refusal = e;
                if (e is NoCapacityException) LogFull(host);
                else LogRefused(e, host);
                var took = time.GetElapsedTime(began);
                if (e is NoCapacityException) attempts.OnFull(took);
                else if (e is TimeoutException) attempts.OnSlow(took);
                else attempts.OnFailed(took);
            }
        }

        throw refusal ?? new NoCapacityException();
    }

    /// <summary>Creates a sandbox that nobody can ask for again: where the outcome stays unknown, it is deleted.</summary>
    private async Task<SandboxInfo> CreateOrDeleteAsync(SandboxId id, string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        try
        {
            return await CreateAsync(id, creation, tenant, spec, cancellationToken);
        }
        catch (Exception e) when (e is not (LeaseGoneException or SandboxTakenException))
        {
            DeleteInBackground(id, tenant);
            throw;
        }
    }

    private async Task<SandboxInfo> CreateAsync(SandboxId id, string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        var pause = new Backoff(FirstPause, LongestPause, time);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await grains.GetGrain<ISandboxGrain>(id.Value).Create(creation, tenant, spec, cancellationToken);
            }
            catch (Exception e) when (attempt < MaxAttempts && Transient.IsTransient(e))
            {
                await pause.WaitAsync(cancellationToken);
            }
        }
    }

    private void DeleteInBackground(SandboxId id, TenantId tenant) => Background.Run(logger, "delete of a failed create", DeleteAsync(id, tenant));

    private async Task DeleteAsync(SandboxId id, TenantId tenant)
    {
        try
        {
            await grains.GetGrain<ISandboxGrain>(id.Value).Delete(tenant);
        }
        catch (SandboxNotFoundException)
        {
            // It was not created; its lease expires.
        }
    }

    // A host that is stuck must not use up the time that another one needs.
    private async Task<SandboxId> ClaimAsync(string host, TimeSpan wait, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(wait + TimeSpan.FromSeconds(options.Value.ClaimSeconds), time, cancellationToken);
        try
        {
            return await grains.GetGrain<IHostGrain>(host).Claim(tenant, spec, wait, limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsExceeded)
        {
            throw new TimeoutException($"Host {host} did not start a sandbox in time.");
        }
    }

    private static bool IsThisHostAlone(Exception e) =>
        e is NoCapacityException or ContainerStartException or TemplateNotFoundException || Transient.IsTransient(e);

    private static bool IsPermanent(Exception e) => e is TemplateNotFoundException or ContainerStartException { Retry: false };

    [LoggerMessage(LogLevel.Debug, "Host {Host} has no room for a new sandbox now.")]
    private partial void LogFull(string host);

    [LoggerMessage(LogLevel.Warning, "Host {Host} could not start a new sandbox; asking the next host.")]
    private partial void LogRefused(Exception exception, string host);
}
