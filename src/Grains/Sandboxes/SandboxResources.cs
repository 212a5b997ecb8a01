using Podflare.Containers;
using Podflare.Guests;
using Podflare.Resources;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>What one sandbox uses of its host.</summary>
internal sealed class SandboxResources(SandboxRecords records, GuestSession guest, CallGuard guard, SandboxSettings settings)
{
    private const long Mib = 1024 * 1024;

    /// <summary>Begins to ask the guest, from time to time.</summary>
    /// <param name="adopted">An earlier activation had the container: what it had used before is counted already.</param>
    public void Start(bool adopted)
    {
        var record = records.Record;
        guest.Port?.Measure(settings.LabelOf(record.Template), adopted ? null : CpuBefore(record));
    }

    /// <exception cref="SandboxNotFoundException">The sandbox does not exist, or it belongs to another tenant.</exception>
    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    public async Task<SandboxMetrics> ReadAsync(TenantId tenant, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var port = await guard.CommandAsync(tenant, cancellationToken);
        var record = records.Record;
        return new SandboxMetrics(port.SampleInterval, LimitsOf(record), port.Resources?.Read(from, to, CpuBefore(record)) ?? []);
    }

    private ResourceLimits LimitsOf(SandboxRecord record)
    {
        var template = settings.Templates.GetValueOrDefault(record.Template);
        return new ResourceLimits(template?.Cpus, Bytes(record.MemoryMib) ?? Bytes(template?.MemoryMib), template?.Pids, Bytes(record.HomeMib) ?? Bytes(template?.HomeMib));
    }

    private static long? Bytes(int? mib) => mib > 0 ? mib * Mib : null;

    private static TimeSpan CpuBefore(SandboxRecord record) => TimeSpan.FromMicroseconds(record.CpuBeforeUs);
}
