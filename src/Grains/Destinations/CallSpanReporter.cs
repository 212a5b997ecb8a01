using System.Collections.Frozen;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Otlp;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>
/// Sends the spans of calls about sandboxes, such as creates, file transfers and interrupts, to the destinations of their tenants. There are such spans where the
/// process exports traces. The spans of runs do not need that: see <see cref="RunSpanReporter"/>.
/// </summary>
public sealed partial class CallSpanReporter : BackgroundService
{
    // Spans of what a host does for itself, such as starting containers, are the operator's alone.
    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.Ordinal, Spans.Create, Spans.Claim, Spans.Destroy, Spans.Expire, Spans.FileRead, Spans.FileWrite, Spans.RunInterrupt);

    private readonly TenantDestinations _destinations;
    private readonly ILogger<CallSpanReporter> _logger;
    private readonly Channel<Activity> _ended;

    internal CallSpanReporter(TenantDestinations destinations, IOptions<DestinationOptions> options, ILogger<CallSpanReporter> logger)
    {
        (_destinations, _logger) = (destinations, logger);
        _ended = Channel.CreateBounded<Activity>(
            new BoundedChannelOptions(options.Value.MaxPendingCalls) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }, static _ => OtlpSenderMetrics.Drop("tenant", "busy", 1));
    }

    /// <summary>Never waits, and never fails.</summary>
    /// <param name="span">It has ended.</param>
    internal void Report(Activity span)
    {
        if (span.Recorded && ReferenceEquals(span.Source, Spans.Source) && Names.Contains(span.OperationName)) _ended.Writer.TryWrite(span);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var span in _ended.Reader.ReadAllAsync(stoppingToken))
        {
            if (span.GetTagItem(Spans.TenantId) is not string id || !TenantId.TryParse(id, null, out var tenant)) continue;
            try
            {
                var destination = await _destinations.FindAsync(tenant, stoppingToken);
                if (destination.Takes(TelemetrySignal.Traces)) _ = destination.Sender!.Add(TelemetrySignal.Traces, OtlpProtobufWriter.Write(ActivityView.Of(span)), 1);
            }
            catch (StorageUnavailableException)
            {
                OtlpSenderMetrics.Drop("tenant", "unknown", 1);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e, span.OperationName, tenant);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "The span {Name} of {Tenant} could not be made; its tenant's destination does not get it.")]
    private partial void LogFailed(Exception exception, string name, TenantId tenant);
}
