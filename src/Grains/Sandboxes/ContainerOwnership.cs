using Microsoft.Extensions.Logging;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>How an activation on the sandbox's own host gets the container: from a lease of its host, or from an earlier activation.</summary>
/// <param name="attached">Called when the guest's frames are being logged; true after an adoption.</param>
internal sealed partial class ContainerOwnership(
    SandboxRecords records, SandboxRuns runs, GuestSession guest, SandboxTermination termination, GuestListener guests, IEventLog log, IGrainFactory grains, TimeProvider time,
    ILogger logger, Action<bool> attached)
{
    private int _verifiedEpoch;

    private IHostGrain Host => grains.GetGrain<IHostGrain>(records.Id.Host);

    /// <summary>Takes the leased container and writes the record, before anything else: from then on the sandbox exists.</summary>
    /// <param name="size">The memory limit and the size of the home of the container, in MiB.</param>
    /// <exception cref="LeaseGoneException">There is no living lease.</exception>
    public async Task TakeAsync(string creation, TenantId tenant, SandboxSpec spec, (int MemoryMib, int HomeMib) size)
    {
        var container = await Host.TakeLease(records.Id) ?? throw new LeaseGoneException();
        var now = time.GetUtcNow();
        await records.WriteAsync(new SandboxRecord
        {
            Tenant = tenant.Value,
            Creation = creation,
            Boot = container.Boot,
            ContainerId = container.ContainerId,
            Template = spec.Template,
            Egress = spec.Egress,
            NoContent = spec.NoContent,
            HasEnv = !spec.Env.IsEmpty,
            EnvNames = [.. spec.Env.Keys.Take(SandboxLimits.MaxEnvNames)],
            EgressHosts = spec.EgressHosts,
            Metadata = spec.Metadata,
            CreatedAt = now,
            ExpiresAt = now + spec.Lifetime,
            IdleLimit = spec.IdleLimit,
            Trace = spec.Trace,
            Origin = spec.Origin,
            MemoryMib = size.MemoryMib,
            HomeMib = size.HomeMib,
            CpuBeforeUs = (long)(guests.Open(records.Id).CpuTime ?? TimeSpan.Zero).TotalMicroseconds,
        });
        Attach(adopted: false);
        await ReportAsync();
    }

    /// <summary>Takes over the container that the host has found, or confirms that this activation has it.</summary>
    /// <returns>The sandbox; null when the container is nobody's and can be removed.</returns>
    public async Task<SandboxInfo?> AdoptAsync(string containerId)
    {
        await records.ResolveAsync();
        if (records.HasTombstone || !records.HasRecord || records.Record.ContainerId != containerId)
        {
            if (records.Info is null) await termination.CloseLeftoverRunsAsync();
            return null;
        }

        if (termination.IsEnding)
        {
            await termination.EndAsync(EndReason.Lost);
            return null;
        }

        await AdoptAsync();
        await VerifyAfterOutageAsync();
        return records.Info;
    }

    /// <summary>
    /// Takes over a container that an earlier activation had. One adoption runs at a time. The record is written before anything else: an
    /// older activation's next write then fails, and that one steps down.
    /// </summary>
    public Task AdoptAsync()
    {
        if (guest.Port is not null) return Task.CompletedTask;
        if (termination.Adopting.IsCompleted) termination.Adopting = AdoptOnceAsync();
        return termination.Adopting;
    }

    // A store whose connection broke may have lost its newest writes.
    private async Task VerifyAfterOutageAsync()
    {
        var epoch = log.Epoch;
        if (epoch == _verifiedEpoch || guest.Port is null) return;
        await records.VerifyOwnershipAsync();
        _verifiedEpoch = epoch;
    }

    private async Task AdoptOnceAsync()
    {
        records.EnterTrace();
        using var span = Spans.Start(Spans.Adopt, records.Trace);
        records.Describe(span);
        await records.WriteAsync(records.Record);
        await runs.OpenAllAsync(termination.Closing);
        if (termination.IsEnding) return;
        Attach(adopted: true);
        LogAdopted(records.Id, runs.Table.OpenCount);
        await ReportAsync();
    }

    private void Attach(bool adopted)
    {
        _verifiedEpoch = log.Epoch;
        guest.Attach(guests.Open(records.Id));
        attached(adopted);
    }

    // The record is written: the sandbox exists, whether its host learns it now or with its next sweep.
    private async Task ReportAsync()
    {
        try
        {
            await Host.Report(records.Info!);
        }
        catch (Exception e)
        {
            LogNotReported(e, records.Id);
        }
    }

    [LoggerMessage(LogLevel.Information, "Adopted sandbox {Sandbox} with {Open} open runs.")]
    private partial void LogAdopted(SandboxId sandbox, int open);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} could not be reported to its host; the next sweep finds it.")]
    private partial void LogNotReported(Exception exception, SandboxId sandbox);
}
