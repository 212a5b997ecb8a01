using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Resilience;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Audit;

/// <summary>
/// Brings entries about sandboxes into the audit log, without delaying the callers that report them. While a tenant's log does not answer, its entries wait and are sent again.
/// What dies with this process is reported again by the next activation of the sandbox.
/// </summary>
public sealed partial class AuditReporter : IHostedService, IKeyedReceiver<TenantId, AuditEntry>
{
    private const int MaxBatch = 200;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly ILogger<AuditReporter> _logger;
    private readonly KeyedSender<TenantId, AuditEntry> _sender;

    public AuditReporter(IGrainFactory grains, IOptions<AuditOptions> options, TimeProvider time, ILogger<AuditReporter> logger)
    {
        (_grains, _logger) = (grains, logger);
        _sender = new(this, new SendPolicy("audit", options.Value.MaxReported, MaxBatch, TimeSpan.Zero, FirstPause, LongestPause), time, logger);
    }

    /// <summary>Never waits, and never fails.</summary>
    public void Report(AuditEntry entry) => _sender.Add(entry.Tenant, entry);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _sender.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _sender.StopAsync();

    Task IKeyedReceiver<TenantId, AuditEntry>.SendAsync(TenantId key, IReadOnlyList<AuditEntry> batch, CancellationToken cancellationToken) =>
        _grains.GetGrain<IAuditGrain>(key.Value).Append([.. batch], cancellationToken);

    void IKeyedReceiver<TenantId, AuditEntry>.OnFailed(TenantId key, Exception exception) => LogFailed(exception, key.Value);

    void IKeyedReceiver<TenantId, AuditEntry>.OnDropped(TenantId key, AuditEntry item)
    {
        Instruments.AuditDropped.Add(1);
        LogDropped(item.Action, item.Target.Id, key.Value);
    }

    [LoggerMessage(LogLevel.Error, "The audit log of {Tenant} did not take an entry; it is repeated.")]
    private partial void LogFailed(Exception exception, string tenant);

    [LoggerMessage(LogLevel.Error, "Dropped the audit entry {Action} of {Target}, tenant {Tenant}: too many wait for the audit log.")]
    private partial void LogDropped(string action, string target, string tenant);
}
