using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Otlp;

namespace Podflare.Relay;

/// <summary>What happens to a batch: it is decompressed, decoded, checked, marked, kept with its runs, and forwarded.</summary>
internal sealed class RelayProcessor(RelayRecorder recorder, RelayForwarder forwarder, TenantBudgets tenants, IOptions<RelayOptions> options)
{
    /// <returns>Completes when the batch has been forwarded, or waits there without being needed here any more.</returns>
    /// <exception cref="StorageUnavailableException">The store does not answer. The batch may be given again.</exception>
    public async Task<Task> ProcessAsync(RelayInbox inbox, TelemetryBatch batch, TelemetrySource source, CancellationToken cancellationToken)
    {
        var before = batch.Signal is TelemetrySignal.Traces ? batch.Dropped[0] : 0;
        // First: while this is not known, the batch is given again, and must not have been counted.
        var sender = await forwarder.FindAsync(source.Tenant, batch.Signal, cancellationToken).ConfigureAwait(false);
        var (decoded, items) = Decode(inbox, batch, tenants.Of(source.Tenant));
        if (decoded is null)
        {
            var lost = batch.Signal is TelemetrySignal.Traces && !batch.Body.IsEmpty ? 1 : 0;
            await recorder.RecordDroppedAsync(inbox, batch, Sum(before, lost), cancellationToken).ConfigureAwait(false);
            return Task.CompletedTask;
        }

        RelayStamp.Resources(decoded.Message, inbox.Sandbox, source);
        if (batch.Signal is TelemetrySignal.Logs) RelayRecorder.MarkLogs(batch, decoded.Message);
        if (batch.Signal is TelemetrySignal.Traces)
            await recorder.RecordSpansAsync(inbox, batch, decoded.Message, Sum(before, decoded.Invalid + decoded.OverLimit), cancellationToken).ConfigureAwait(false);
        RelayMetrics.Take(batch.Signal, items);
        RelayMetrics.Drop("invalid", decoded.Invalid);
        RelayMetrics.Drop("limit", decoded.OverLimit);
        return items > 0 && sender is not null ? sender.Add(batch.Signal, OtlpProtobufWriter.Write(decoded.Message), items) : Task.CompletedTask;
    }

    private (OtlpDecoded? Decoded, int Items) Decode(RelayInbox inbox, TelemetryBatch batch, RelayBudget tenant)
    {
        if (batch.Body.IsEmpty) return default;
        if (!tenant.TryTake(batch.Body.Length))
        {
            RelayMetrics.Drop("tenant_rate", 1);
            return default;
        }

        if (RelayBody.Decompress(batch, options.Value.MaxBodyBytes) is { } body)
        {
            // What it has become is paid for too, also where that is more than was left.
            var grown = Math.Max(0, body.Length - batch.Body.Length);
            inbox.Budget.Charge(grown);
            tenant.Charge(grown);
            if (RelayBody.Decode(batch, body.Span) is { } decoded) return (decoded, decoded.Items);
        }
        else
        {
            inbox.Budget.Charge(options.Value.MaxBodyBytes);
            tenant.Charge(options.Value.MaxBodyBytes);
        }

        RelayMetrics.Drop("invalid", 1);
        return default;
    }

    private static int Sum(long before, int now) => (int)Math.Min(int.MaxValue, before + now);
}
