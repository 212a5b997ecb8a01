using System.ComponentModel.DataAnnotations;

namespace Podflare.Runs;

/// <summary>Limits of runs and of their events. Section <c>Podflare:Runs</c>.</summary>
public sealed class RunOptions
{
    public const string Section = "Podflare:Runs";

    /// <summary>Contexts that a guest allows.</summary>
    internal const int MostContexts = 8;

    /// <summary>Run timeout where the request names none, in seconds. Default: 300.</summary>
    [Range(1, 86_400)]
    public int DefaultTimeoutSeconds { get; set; } = 300;

    /// <summary>Longest run timeout, in seconds; more is brought down with a warning. Default: 86,400 (24 h).</summary>
    [Range(1, 604_800)]
    public int MaxTimeoutSeconds { get; set; } = 86_400;

    /// <summary>Time between an interrupt (or a timeout) and the kill, in seconds. Default: 5.</summary>
    [Range(0, 300)]
    public double GraceSeconds { get; set; } = 5;

    /// <summary>Largest code of a run, in bytes. Default: 16 MiB.</summary>
    [Range(1, 16 * 1024 * 1024)]
    public int MaxCodeBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Open runs in one sandbox; one more gets 429 <c>run_queue_full</c>. Default: 64.</summary>
    [Range(1, 64)]
    public int MaxOpen { get; set; } = 64;

    /// <summary>Open runs in one sandbox that watch files; one more gets 429 <c>run_queue_full</c>. Default: 16.</summary>
    [Range(1, 64)]
    public int MaxWatches { get; set; } = 16;

    /// <summary>
    /// Contexts in one sandbox, those of runs with <c>fresh</c> included; one more gets 429 <c>context_quota_exceeded</c>. The guest allows no more than 8. Default: 8.
    /// </summary>
    [Range(1, 8)]
    public int MaxContexts { get; set; } = 8;

    /// <summary>Items of <c>argv</c>. Default: 1,024.</summary>
    [Range(1, 1_024)]
    public int MaxArguments { get; set; } = 1_024;

    /// <summary>Bytes of one item of <c>argv</c>, and of <c>command</c>. Default: 131,071, the longest that Linux accepts.</summary>
    [Range(1, 131_071)]
    public int MaxArgumentBytes { get; set; } = 131_071;

    /// <summary>Bytes of all items of <c>argv</c>. Default: 1 MiB.</summary>
    [Range(1, 1024 * 1024)]
    public int MaxArgvBytes { get; set; } = 1024 * 1024;

    /// <summary>Characters of a <c>tag</c>. Default: 64.</summary>
    [Range(1, 1_024)]
    public int MaxTag { get; set; } = 64;

    /// <summary>Output that a client gets when it attaches to a terminal, and that one read of a terminal returns at most, in bytes. Default: 1 MiB.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int TerminalReplayBytes { get; set; } = 1024 * 1024;

    /// <summary>Longest <c>grace_seconds</c> of a run or an interrupt, in seconds. Default: 300.</summary>
    [Range(0, 300)]
    public double MaxGraceSeconds { get; set; } = 300;

    /// <summary>Longest <c>disconnect_seconds</c> of a run, in seconds. Default: 3,600.</summary>
    [Range(0.1, 3_600)]
    public double MaxDisconnectSeconds { get; set; } = 3_600;

    /// <summary>Bytes of standard input in one request; more gets 413. A guest buffers 1 MiB for each run. Default: 1 MiB.</summary>
    [Range(1, 1024 * 1024)]
    public int MaxStdinBytes { get; set; } = 1024 * 1024;

    /// <summary>Rendered bytes of late output that the log keeps of one sandbox, the newest. Default: 1 MiB.</summary>
    [Range(64 * 1024, 1L << 30)]
    public long MaxBackgroundLogBytes { get; set; } = 1024 * 1024;

    /// <summary>Rendered bytes of one run that the log keeps. Default: 64 MiB.</summary>
    [Range(1024 * 1024, 1L << 40)]
    public long MaxLogBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>
    /// Bytes of the spans that the log keeps of the programs of one run; further ones are dropped and counted. The last eighth is for spans directly
    /// below the run's own, which end last. Default: 256 KiB.
    /// </summary>
    [Range(16 * 1024, 16 * 1024 * 1024)]
    public int MaxTraceBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// Bytes that the log keeps of all runs of one sandbox. Beyond it, the events of the oldest ended runs go first; then a new run gets 429
    /// <c>log_budget_exceeded</c>. Default: 256 MiB.
    /// </summary>
    [Range(64 * 1024, 1L << 50)]
    public long MaxSandboxLogBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Bytes that the log keeps of all runs of one tenant, as <see cref="MaxSandboxLogBytes"/>. Measured every two seconds. Default: 4 GiB.</summary>
    [Range(1024 * 1024, 1L << 50)]
    public long MaxTenantLogBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>
    /// Bytes that the log keeps of all runs of the cluster. Beyond it, the events of ended runs go first; then a new run gets 503
    /// <c>log_budget_exceeded</c>. Measured every two seconds. Default: 16 GiB.
    /// </summary>
    [Range(1024 * 1024, 1L << 50)]
    public long MaxClusterLogBytes { get; set; } = 16L * 1024 * 1024 * 1024;

    /// <summary>
    /// Share of Redis' <c>maxmemory</c> from which on new runs get 503 <c>log_budget_exceeded</c>, in percent: the rest is a reserve for ends, exits
    /// and deletes. Without a <c>maxmemory</c> there is no such limit. Default: 85.
    /// </summary>
    [Range(1, 100)]
    public int MaxMemoryPercent { get; set; } = 85;

    /// <summary>Rendered bytes of all runs that the in-memory log keeps, never more than a quarter of the machine's memory. Beyond it, what tenants have above an equal part goes first, so that none loses events because of another. Default: 256 MiB.</summary>
    [Range(1024 * 1024, 1L << 40)]
    public long MaxMemoryLogBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Runs whose records the in-memory log keeps. Default: 100,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxMemoryLogRuns { get; set; } = 100_000;

    /// <summary>Time for which events are kept after the run's end, in seconds. Default: 3,600.</summary>
    [Range(1, 86_400)]
    public int RetentionSeconds { get; set; } = 3_600;

    /// <summary>Time for which events are kept at most after their sandbox was deleted, in seconds. Default: 300.</summary>
    [Range(1, 86_400)]
    public int DeletedRetentionSeconds { get; set; } = 300;

    /// <summary>
    /// Time for which the records of runs with an idempotency key are kept after the end, in seconds. Those of other runs are kept as long as
    /// their events. Default: 86,400.
    /// </summary>
    [Range(1, 604_800)]
    public int RecordRetentionSeconds { get; set; } = 86_400;

    /// <summary>
    /// Target size of one batch of events, in bytes; a batch holds at least one whole event. A little below 256 KiB, because Redis' allocator
    /// rounds up to the next of its classes. Default: 240,000.
    /// </summary>
    [Range(4_096, 8 * 1024 * 1024)]
    public int BatchBytes { get; set; } = 240_000;

    /// <summary>Rendered bytes of one run that the ring in front of the log holds; a reader that lags farther reads from the log. Default: 4 MiB.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int RingBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Ended runs of one sandbox that stay in memory for a moment; beyond it the oldest is left to the log alone at once. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxEndedInMemory { get; set; } = 10_000;

    /// <summary>Rendered bytes of ended runs of one sandbox that stay in memory for a moment. Default: 16 MiB.</summary>
    [Range(64 * 1024, 1L << 30)]
    public long MaxEndedBytesInMemory { get; set; } = 16L * 1024 * 1024;

    /// <summary>Time without a batch after which a reader no longer holds the log's trimming back, in seconds. Default: 10.</summary>
    [Range(1, 600)]
    public double ReaderPatienceSeconds { get; set; } = 10;

    /// <summary>Time without any reader after which a run with <c>on_disconnect: interrupt</c> is interrupted, in seconds. Default: 10.</summary>
    [Range(0.1, 3_600)]
    public double DisconnectSeconds { get; set; } = 10;

    /// <summary>Silence after which a producer sends an empty batch, in seconds. Default: 10.</summary>
    [Range(1, 60)]
    public double HeartbeatSeconds { get; set; } = 10;

    /// <summary>Readers of one sandbox's runs at a time; one more is refused. Default: 256.</summary>
    [Range(1, 10_000)]
    public int MaxReaders { get; set; } = 256;

    /// <summary>Whether starts and ends of runs are events of <c>GET /v1/events</c> and of webhooks. Default: true.</summary>
    public bool ReportRuns { get; set; } = true;

    /// <summary>Ended runs of one sandbox that wait to be reported while the tenant's feed does not answer; beyond it the oldest are not. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxUnreported { get; set; } = 10_000;

    /// <summary>The number of ended runs that the log remembers until the feed has them; 0 for a run whose end is not an event.</summary>
    internal int UnreportedOf(RunRecord? record) => ReportRuns && record is { Kind: not RunKind.Background } ? MaxUnreported : 0;

    /// <summary>The bytes that a run's spans may have together with this batch.</summary>
    internal int TraceBytesFor(SpanBatch batch) => batch.AreTop ? MaxTraceBytes : MaxTraceBytes / 8 * 7;

    /// <summary>The limits of the run that has the late output of a sandbox.</summary>
    internal RunOptions ForBackground()
    {
        var options = (RunOptions)MemberwiseClone();
        options.MaxLogBytes = MaxBackgroundLogBytes;
        options.RingBytes = (int)Math.Min(RingBytes, MaxBackgroundLogBytes);
        return options;
    }
}
