using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Resilience;
using Podflare.Secrets;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>
/// The destinations of tenants that this process sends to. A destination is read when its tenant first needs it, when it is changed, and from time to time; while it
/// cannot be read, the known one is used.
/// </summary>
internal sealed partial class TenantDestinations(
    IDestinationReader reader, SecretBox secrets, OtlpRequestsOfTenants requests, IOptions<DestinationOptions> options, TimeProvider time, ILogger<TenantDestinations> logger) : IHostedService
{
    private const int MaxTenants = 10_000;
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<TenantId, Known> _tenants = [];

    /// <exception cref="StorageUnavailableException">The destination is not known, and cannot be read at the moment.</exception>
    public async Task<TenantDestination> FindAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        Task<TenantDestination?> reading;
        lock (_gate)
        {
            var known = _tenants.GetValueOrDefault(tenant);
            if (known is { IsRead: true } && time.GetElapsedTime(known.ReadAt).TotalSeconds < options.Value.RefreshSeconds) return known.Destination;
            reading = known is { Reading: { IsCompleted: false } running } ? running : BeginReading(tenant, known);
            // A refresh is not waited for.
            if (known is { IsRead: true }) return known.Destination;
        }

        return await reading.WaitAsync(cancellationToken) ?? throw new StorageUnavailableException();
    }

    /// <summary>Reads the destination of a tenant now.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be read at the moment.</exception>
    public async Task RefreshAsync(TenantId tenant)
    {
        Task<TenantDestination?> reading;
        // One that is running may have missed the change.
        lock (_gate) reading = BeginReading(tenant, _tenants.GetValueOrDefault(tenant));
        if (await reading is null) throw new StorageUnavailableException();
    }

    /// <summary>The tenant's destination wants code and output, or this process does not know it yet.</summary>
    public bool MayCapture(TenantId tenant)
    {
        lock (_gate)
        {
            if (_tenants.GetValueOrDefault(tenant) is { IsRead: true } known) return known.Destination.Stored is { CaptureContent: true };
            BeginReading(tenant, _tenants.GetValueOrDefault(tenant));
            return true;
        }
    }

    /// <summary>What this process has sent for a tenant.</summary>
    public DestinationCounters Count(TenantId tenant)
    {
        lock (_gate) return _tenants.GetValueOrDefault(tenant)?.Destination.Sender?.Counters ?? DestinationCounters.None;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        OtlpSender[] senders;
        lock (_gate) senders = [.. _tenants.Values.Select(known => known.Destination.Sender).OfType<OtlpSender>()];
        await Task.WhenAll(senders.Select(sender => sender.StopAsync()));
    }

    private Task<TenantDestination?> BeginReading(TenantId tenant, Known? known)
    {
        if (known is null)
        {
            if (_tenants.Count >= MaxTenants) Forget();
            _tenants[tenant] = known = new Known();
        }

        // Neither within the lock nor on the scheduler of whoever needs it first.
        return known.Reading = Task.Run(() => ReadAsync(tenant, known));
    }

    /// <returns>Null when it cannot be read at the moment.</returns>
    private async Task<TenantDestination?> ReadAsync(TenantId tenant, Known known)
    {
        try
        {
            var began = time.GetTimestamp();
            var stored = await reader.ReadAsync(tenant).WaitAsync(ReadLimit, time);
            return Apply(tenant, known, stored, began);
        }
        catch (Exception e)
        {
            LogUnread(e, tenant);
            return null;
        }
    }

    private TenantDestination Apply(TenantId tenant, Known known, StoredDestination? stored, long began)
    {
        OtlpSender? replaced;
        lock (_gate)
        {
            // Two reads may overtake each other.
            if (known.IsRead && known.ReadAt > began) return known.Destination;
            (known.ReadAt, known.IsRead) = (began, true);
            if (known.Destination.IsOf(stored)) return known.Destination;
            replaced = known.Destination.Sender;
            known.Destination = new TenantDestination(stored, stored is null ? null : Open(tenant, stored));
        }

        if (replaced is not null) Background.Run(logger, "the end of a telemetry destination", replaced.StopAsync());
        return known.Destination;
    }

    private OtlpSender? Open(TenantId tenant, StoredDestination stored)
    {
        if (DestinationHeaders.TryOpen(secrets, tenant, stored.Headers) is not { } headers)
        {
            LogSealed(tenant);
            return null;
        }

        if (_tenants.Values.Count(known => known.Destination.Sender is not null) >= options.Value.Max)
        {
            LogTooMany(tenant, options.Value.Max);
            return null;
        }

        var settings = new OtlpSenderSettings("tenant", $"tenant {tenant.Value}", options.Value.QueueBytes, TimeSpan.FromSeconds(options.Value.RetrySeconds));
        var sender = new OtlpSender(OtlpDestination.OfTenant(stored.Endpoint, headers, stored.Signals), settings, requests.Requests, time, logger);
        sender.Start();
        return sender;
    }

    // Those without a destination are read again when they are needed.
    private void Forget()
    {
        foreach (var (tenant, known) in _tenants.ToArray())
            if (known is { IsRead: true, Destination.Exists: false }) _tenants.Remove(tenant);
    }

    [LoggerMessage(LogLevel.Warning, "The telemetry destination of {Tenant} cannot be read at the moment.")]
    private partial void LogUnread(Exception exception, TenantId tenant);

    [LoggerMessage(LogLevel.Error, "The headers of the telemetry destination of {Tenant} cannot be opened with this server's key; nothing is sent there.")]
    private partial void LogSealed(TenantId tenant);

    [LoggerMessage(LogLevel.Error, "The telemetry of {Tenant} is not sent: this process sends to {Max} destinations already.")]
    private partial void LogTooMany(TenantId tenant, int max);

    private sealed class Known
    {
        public TenantDestination Destination { get; set; } = new(null, null);

        public bool IsRead { get; set; }

        public long ReadAt { get; set; }

        public Task<TenantDestination?>? Reading { get; set; }
    }
}
