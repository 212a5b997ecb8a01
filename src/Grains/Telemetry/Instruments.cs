using System.Diagnostics.Metrics;

namespace Podflare.Telemetry;

/// <summary>What is measured. Labels have few values, all known beforehand: never an id, a tenant, a path or a text of a user's.</summary>
public static class Instruments
{
    public const string MeterName = "Podflare";

    private static readonly Meter Meter = new(MeterName);
    private static readonly double[] Seconds = [.005, .01, .025, .05, .1, .25, .5, 1, 2, 2.5, 5, 10];
    private static readonly double[] LongSeconds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 150, 300, 600];
    private static readonly double[] ToolSeconds = [.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] Mebibytes = [.. Enumerable.Range(4, 12).Select(power => (double)(1L << (20 + power)))];
    private static readonly double[] ShortSeconds = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

    /// <summary>Labels <c>template</c>, <c>error.type</c>.</summary>
    public static readonly Histogram<double> SandboxCreate = Histogram("podflare.sandbox.create.duration", "Creates, from request to result.", Seconds);

    /// <summary>Labels <c>template</c>, <c>error.type</c>.</summary>
    public static readonly Histogram<double> SandboxClaim = Histogram("podflare.sandbox.claim.duration", "Claims of a container on one host.", Seconds);

    /// <summary>Label <c>reason</c>.</summary>
    public static readonly Counter<long> SandboxEnded = Meter.CreateCounter<long>("podflare.sandbox.ended", "{sandbox}", "Sandboxes that have ended.");

    /// <summary>Labels <c>language</c>, <c>reason</c>.</summary>
    public static readonly Histogram<double> RunDuration = Histogram("podflare.run.duration", "Runs, from acceptance to exit.", LongSeconds);

    /// <summary>Labels as OpenTelemetry names them for the call of a tool, see <see cref="Spans"/>, and <c>error.type</c>.</summary>
    public static readonly Histogram<double> ToolDuration = Histogram("gen_ai.execute_tool.duration", "Runs of code and processes, from acceptance to exit, as calls of a tool.", ToolSeconds);

    public static readonly Histogram<double> RunQueue = Histogram("podflare.run.queue.duration", "Time that runs waited for their turn.", ShortSeconds);

    /// <summary>Label <c>error.type</c>: the code of a fault. A request that the caller has to change is not recorded.</summary>
    public static readonly Histogram<double> RunAccept = Histogram("podflare.run.accept.duration", "Time from the request for a run to its record in the log.", ShortSeconds);

    /// <summary>Label <c>language</c>.</summary>
    public static readonly Histogram<double> FirstEvent = Histogram("podflare.run.time_to_first_event", "Time from acceptance to the first event in the log.", ShortSeconds);

    public static readonly UpDownCounter<long> RunsActive = Meter.CreateUpDownCounter<long>("podflare.run.active", "{run}", "Runs that were accepted and have no exit yet.");

    public static readonly UpDownCounter<long> Subscribers = Meter.CreateUpDownCounter<long>("podflare.stream.subscribers", "{subscriber}", "Readers of runs.");

    public static readonly Counter<long> Events = Meter.CreateCounter<long>("podflare.run.events", "{event}", "Events in the log.");

    public static readonly Counter<long> Evicted = Meter.CreateCounter<long>("podflare.run.events.evicted", "{event}", "Events that left the log because their run had more than it keeps.");

    /// <summary>Label <c>type</c>: <c>stdout</c>, <c>stderr</c>.</summary>
    public static readonly Counter<long> Output = Meter.CreateCounter<long>("podflare.run.output", "By", "Output of runs.");

    /// <summary>Label <c>reason</c>: how the connection before ended.</summary>
    public static readonly Counter<long> GuestDisconnects = Meter.CreateCounter<long>("podflare.guest.disconnects", "{connection}", "Connections of guests that ended.");

    /// <summary>Label <c>field</c>: <c>time</c> or <c>error</c>.</summary>
    public static readonly Counter<long> GuestFieldsReplaced = Meter.CreateCounter<long>("podflare.guest.fields.replaced", "{field}", "Fields of guest frames that were beyond their limits and were replaced.");

    public static readonly Counter<long> EndsRepeated = Meter.CreateCounter<long>("podflare.sandbox.end.repeated", "{attempt}", "Ends of sandboxes that failed unexpectedly and were repeated.");

    /// <summary>Label <c>reason</c>: <c>stray</c> and <c>lease</c> for containers, <c>folder</c> for socket folders.</summary>
    public static readonly Counter<long> SweepRemoved = Meter.CreateCounter<long>("podflare.sweep.removed", "{leftover}", "Containers and socket folders that belonged to nobody.");

    /// <summary>Label <c>reason</c>: <c>container</c> or <c>host</c>, whichever is gone.</summary>
    public static readonly Counter<long> SweepEnded = Meter.CreateCounter<long>("podflare.sweep.ended", "{sandbox}", "Sandboxes that were ended because their container, or their host with it, is gone.");

    public static readonly Counter<long> SweepFailed = Meter.CreateCounter<long>("podflare.sweep.failures", "{container}", "Containers that a sweep could not handle.");

    public static readonly Counter<long> AdoptFailed = Meter.CreateCounter<long>("podflare.adopt.failures", "{attempt}", "Containers whose sandbox could not be asked, or could not read its records.");

    public static readonly Counter<long> MassLoss = Meter.CreateCounter<long>("podflare.engine.mass_loss", "{sweep}", "Sweeps in which the engine did not list most of a host's containers.");

    /// <summary>Label <c>outcome</c>.</summary>
    public static readonly Histogram<double> Append = Histogram("podflare.eventlog.append.duration", "Appends to the event log.", ShortSeconds);

    /// <summary>Label <c>code</c>, as in the answer.</summary>
    public static readonly Counter<long> Faults = Meter.CreateCounter<long>("podflare.faults", "{answer}", "Answers of 500 and more.");

    /// <summary>Label <c>policy</c>: the limit of a tenant.</summary>
    public static readonly Counter<long> LimitRefusals = Meter.CreateCounter<long>("podflare.limits.refused", "{request}", "Requests that were refused because a tenant has reached a limit.");

    public static readonly Counter<long> QuotaExchangeFailures = Meter.CreateCounter<long>("podflare.quota.exchange.failures", "{exchange}", "Exchanges of shares in tenants' limits that failed.");

    public static readonly Counter<long> AuditEntries = Meter.CreateCounter<long>("podflare.audit.entries", "{entry}", "Entries written to audit logs.");

    public static readonly Counter<long> AuditDropped = Meter.CreateCounter<long>(
        "podflare.audit.dropped", "{entry}", "Entries about sandboxes that were dropped because too many waited for the audit log.");

    /// <summary>Label <c>type</c>, as in <c>GET /v1/events</c>.</summary>
    public static readonly Counter<long> FeedEvents = Meter.CreateCounter<long>("podflare.feed.events", "{event}", "Events added to the feeds of tenants.");

    public static readonly Counter<long> FeedDelayed = Meter.CreateCounter<long>(
        "podflare.feed.delayed", "{event}", "Events that were not told at once because too many waited for the feeds. Ends of runs are told later.");

    /// <summary>Label <c>outcome</c>: <c>delivered</c>, <c>gone</c>, <c>slow_down</c>, <c>status</c>, <c>timeout</c>, <c>connect</c> or <c>address_refused</c>.</summary>
    public static readonly Counter<long> WebhookDeliveries = Meter.CreateCounter<long>("podflare.webhook.deliveries", "{call}", "Calls of tenants' webhooks.");

    public static readonly Counter<long> WebhookDisabled = Meter.CreateCounter<long>("podflare.webhook.disabled", "{webhook}", "Webhooks that were disabled because their receivers failed for too long.");

    public static readonly Counter<long> WebhookSkipped = Meter.CreateCounter<long>("podflare.webhook.skipped", "{event}", "Events that had left the feed before a webhook could be called with them.");

    public static readonly Counter<long> UsageFoldFailures = Meter.CreateCounter<long>("podflare.usage.fold.failures", "{fold}", "Folds of usage that failed and are repeated.");

    /// <summary>Label <c>template</c>.</summary>
    public static readonly Counter<double> SandboxCpu = Meter.CreateCounter<double>("podflare.sandbox.cpu.time", "s", "CPU time that sandboxes have used.");

    /// <summary>Label <c>template</c>.</summary>
    public static readonly Counter<double> SandboxThrottled = Meter.CreateCounter<double>("podflare.sandbox.throttled.time", "s", "Time for which their CPU limit has stopped sandboxes.");

    /// <summary>Label <c>template</c>.</summary>
    public static readonly UpDownCounter<long> SandboxMemory = Meter.CreateUpDownCounter<long>("podflare.sandbox.memory.usage", "By", "Memory that sandboxes hold, as last sampled.");

    /// <summary>Label <c>template</c>.</summary>
    public static readonly Counter<long> SandboxOomKills = Meter.CreateCounter<long>("podflare.sandbox.oom.kills", "{process}", "Processes in sandboxes that the kernel has killed because their memory was full.");

    /// <summary>Labels <c>language</c>, <c>template</c>.</summary>
    public static readonly Histogram<double> RunCpu = Histogram("podflare.run.cpu.time", "CPU time that sandboxes have used while runs executed.", LongSeconds);

    /// <summary>Labels <c>language</c>, <c>template</c>.</summary>
    public static readonly Histogram<double> RunMemory = Meter.CreateHistogram(
        "podflare.run.memory.peak", "By", "The most memory that sandboxes have held while runs executed.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Mebibytes });

    /// <summary>The gauges of the hosts of this process.</summary>
    public static HostMetrics Hosts { get; } = new(Meter);

    /// <summary>The egress proxy of this process's host.</summary>
    public static EgressMetrics Egress { get; } = new(Meter);

    private static Histogram<double> Histogram(string name, string description, double[] boundaries) =>
        Meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
