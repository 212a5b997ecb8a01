using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Content;
using Podflare.Guests;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Traces;

namespace Podflare.Destinations;

/// <summary>Sends the spans of runs that have ended to the destinations of their tenants, without delaying the runs.</summary>
public sealed partial class RunSpanReporter : BackgroundService
{
    private readonly TenantDestinations _destinations;
    private readonly ContentBudget _budget;
    private readonly RunContentView _content;
    private readonly ILogger<RunSpanReporter> _logger;
    private readonly Channel<Ended> _ended;

    internal RunSpanReporter(TenantDestinations destinations, ContentBudget budget, RunContentView content, IOptions<DestinationOptions> options, ILogger<RunSpanReporter> logger)
    {
        (_destinations, _budget, _content, _logger) = (destinations, budget, content, logger);
        _ended = Channel.CreateBounded<Ended>(new BoundedChannelOptions(options.Value.MaxPendingRuns) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }, static ended =>
        {
            ended.Content?.Release();
            OtlpSenderMetrics.Drop("tenant", "busy", 1);
        });
    }

    /// <summary>Begins to keep the code and output of a run.</summary>
    /// <param name="env">The values of its environment variables.</param>
    /// <returns>Null where the tenant's destination is known not to want them.</returns>
    internal RunContent? Begin(TenantId tenant, ReadOnlySpan<byte> code, IReadOnlyCollection<string> env) =>
        _destinations.MayCapture(tenant) ? RunContent.Begin(_budget, code, env) : null;

    /// <summary>Never waits, and never fails.</summary>
    /// <param name="run">Its record has the ending.</param>
    /// <param name="lastSeq">Its newest event.</param>
    /// <param name="content">What was kept of it. It is released here.</param>
    internal void Report(SandboxInfo sandbox, RunRecord run, long lastSeq, RunContent? content)
    {
        // The caller's header says that this trace is not sampled. A trace that began at our server has no such header: nobody has decided about it.
        if (run.Trace is { TraceParent: [.., '0' or '2'], Parent: not null }) content?.Release();
        else _ended.Writer.TryWrite(new Ended(sandbox, run, lastSeq, content));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var ended in _ended.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                var destination = await _destinations.FindAsync(ended.Sandbox.Tenant, stoppingToken);
                if (destination.Takes(TelemetrySignal.Traces)) Send(destination, ended);
            }
            catch (StorageUnavailableException)
            {
                OtlpSenderMetrics.Drop("tenant", "unknown", 1);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e, ended.Run.Id, ended.Sandbox.Id);
            }
            finally
            {
                ended.Content?.Release();
            }
        }
    }

    private void Send(TenantDestination destination, Ended ended)
    {
        var trace = RunTraceView.Of(ended.Run, ended.LastSeq, null, ended.Sandbox, ended.Run.Ending!.EndedAt);
        var spans = trace.List("resourceSpans").SelectMany(resource => resource.List("scopeSpans")).Sum(scope => scope.List("spans").Count);
        if (destination.Stored is { CaptureContent: true } stored && ended.Run.Details is not { NoContent: true }) _content.Add(trace, ended.Run, ended.Content, stored.Redact);
        _ = destination.Sender!.Add(TelemetrySignal.Traces, OtlpProtobufWriter.Write(trace), spans);
    }

    [LoggerMessage(LogLevel.Error, "The spans of run {Run} in sandbox {Sandbox} could not be made; its tenant's destination does not get them.")]
    private partial void LogFailed(Exception exception, RunId run, SandboxId sandbox);

    private sealed record Ended(SandboxInfo Sandbox, RunRecord Run, long LastSeq, RunContent? Content);
}
