using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Destinations;
using Podflare.Guests;
using Podflare.Tenants;

namespace Podflare.Relay;

/// <summary>
/// Forwards what comes from sandboxes: to the destination of their tenant if it has one, else to the OTLP endpoint of this process. Nothing of a tenant that has its
/// own goes to that endpoint.
/// </summary>
internal sealed partial class RelayForwarder : IHostedService, IDisposable
{
    private readonly TenantDestinations _tenants;
    private readonly OtlpRequests _requests;
    private readonly OtlpSender _operator;
    private readonly bool _isGrpc;
    private readonly ILogger _logger;

    public RelayForwarder(IConfiguration settings, IOptions<RelayOptions> options, TenantDestinations tenants, TimeProvider time, ILogger<RelayForwarder> logger)
    {
        (_tenants, _logger) = (tenants, logger);
        var limits = options.Value;
        var isOn = limits is { Enabled: true, Forward: true };
        _isGrpc = isOn && Enum.GetValues<TelemetrySignal>().Any(signal => OtlpDestination.IsGrpc(signal, settings));
        _requests = new OtlpRequests(TimeSpan.FromSeconds(limits.ForwardTimeoutSeconds), time);
        _operator = new OtlpSender(
            isOn ? OtlpDestination.OfProcess(settings) : new Dictionary<TelemetrySignal, OtlpDestination>(),
            new OtlpSenderSettings("operator", "this process", limits.ForwardQueueBytes, TimeSpan.FromSeconds(limits.ForwardRetrySeconds)), _requests, time, logger);
    }

    /// <returns>Who sends it; null when nobody does.</returns>
    /// <exception cref="StorageUnavailableException">Whether the tenant has a destination is not known, and cannot be read at the moment.</exception>
    public async Task<OtlpSender?> FindAsync(string tenant, TelemetrySignal signal, CancellationToken cancellationToken)
    {
        var own = await _tenants.FindAsync(new TenantId(tenant), cancellationToken).ConfigureAwait(false);
        var sender = own.Exists ? own.Sender : _operator;
        return sender?.Takes(signal) == true ? sender : null;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_isGrpc) LogGrpc();
        _operator.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _operator.StopAsync();

    public void Dispose() => _requests.Dispose();

    [LoggerMessage(LogLevel.Warning, "The OTLP endpoint speaks gRPC, so that nothing of what sandboxes send is forwarded to it. Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf.")]
    private partial void LogGrpc();
}
