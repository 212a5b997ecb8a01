using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging;
using Podflare.Guests;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;
using Podflare.Traces;

namespace Podflare.Sandboxes;

/// <summary>Accepts runs: writes their records and hands them to the guest, which holds the queue.</summary>
internal sealed partial class RunAcceptor(
    SandboxRecords records, SandboxRuns runs, GuestRequestSender sender, IEventLog log, RunSpans spans, SandboxSettings settings, TimeProvider time,
    ILogger logger, SandboxTermination termination, SandboxContent content)
{
    /// <summary>What of the runs' code and output may be sent.</summary>
    public SandboxContent Content => content;

    private CancellationToken Closing => termination.Closing;

    /// <summary>Starts a run, or joins the one that has this id.</summary>
    /// <exception cref="IdempotencyKeyReusedException">The id belongs to another payload.</exception>
    /// <exception cref="SandboxEndedException">The sandbox has ended meanwhile.</exception>
    public async Task<RunAccepted> StartAsync(GuestPort port, RunId run, RunRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await JoinAsync(port, run, request, cancellationToken);
        }
        catch (Exception e) when (e is SandboxUnreachableException or OperationCanceledException && Closing.IsCancellationRequested)
        {
            termination.GuardLiving();
            throw new SandboxUnreachableException();
        }
    }

    private async Task<RunAccepted> JoinAsync(GuestPort port, RunId run, RunRequest request, CancellationToken cancellationToken)
    {
        if (!RunLimits.IsOfferedByAll(request)) GuestRequestSender.GuardVersion(port, request.Tools is null ? GuestVersion.AllKinds : GuestVersion.Tools);
        var hash = request.PayloadHash();
        var entry = runs.Table.Find(run) ?? runs.Table.Enter(run, request.Kind);
        entry.AskedAt = time.GetTimestamp();
        var first = entry.Starting is null && entry.Events is null;

        // Not bound to this caller's token: another caller may have joined meanwhile.
        if (entry.Starting is null or { IsFaulted: true } or { IsCanceled: true }) entry.Starting = StartAsync(port, entry, request, hash);
        var accepted = await entry.Starting.WaitAsync(cancellationToken);
        if (entry.Events!.Record.PayloadHash != hash) throw new IdempotencyKeyReusedException();
        return first ? accepted : accepted with { Joined = true };
    }

    private async Task<RunAccepted> StartAsync(GuestPort port, RunEntry entry, RunRequest request, string hash)
    {
        var endedBefore = false;
        try
        {
            if (entry is { Events: null, Left: null }) await runs.Permits.EnterAsync(entry, request, Closing);
            var joined = entry.Events is not null || !await AcceptAsync(entry, request, hash);
            endedBefore = entry is { Ended: true, IsMarkedEnded: false };
            if (entry.Events!.Record.PayloadHash != hash) throw new IdempotencyKeyReusedException();
            if (entry.Ended) return Accepted(entry, joined: true, restarted: false);
            Closing.ThrowIfCancellationRequested();
            var restarted = false;
            if (!entry.Held && entry.Events.LastSeq == 0) restarted = await HandOverAsync(port, entry, request);
            if (!joined) LogAccepted(entry.Id, records.Id, request.Language);
            return Accepted(entry, joined, restarted);
        }
        catch (Exception e)
        {
            if (entry.Events is null || endedBefore)
            {
                RunSpans.Refuse(entry.Span, e.GetType().FullName!);
                entry.Span = null;
                entry.Refuse(e);
                entry.Leave();
                runs.Table.Remove(entry);
            }

            throw;
        }
        finally
        {
            // It ended long ago, and its readers are served from the log.
            if (endedBefore)
            {
                entry.Leave();
                runs.Table.Remove(entry);
            }

            runs.Changed();
        }
    }

    /// <returns>True when the run is new, false when an earlier request had it accepted.</returns>
    private async Task<bool> AcceptAsync(RunEntry entry, RunRequest request, string hash)
    {
        var trace = RunTrace.Of(request, records.Trace);
        entry.Span = trace is null ? null : spans.Start(records.Record.ToRunSandbox(records.Id), entry.Id, request, trace);
        if (entry.Span is { Recorded: true } span) trace = trace! with { Span = span.Id };
        var wanted = new RunRecord(entry.Id, hash, request.Language, request.Timeout, request.OnDisconnect, time.GetUtcNow(), Trace: trace, Keyless: request.Keyless,
            Details: RunDetails.Of(content.Restrict(request)), Key: request.Key?.Value);
        FaultPoint.Reach(FaultPoint.RunStarting);

        // Not cancelled when the sandbox ends: the end waits for the answer, so that it closes whatever the store has accepted.
        var outcome = await log.AcceptAsync(records.Id, wanted, new TenantId(records.Record.Tenant), CancellationToken.None);
        FaultPoint.Reach(FaultPoint.RunAccepted);
        if (!outcome.IsNew) SandboxRuns.DropSpan(entry);
        if (outcome.PayloadHash != hash) throw new IdempotencyKeyReusedException();
        if (outcome.IsNew) entry.Content = content.Begin(request);
        var stored = outcome.IsNew ? wanted : await log.FindRunAsync(records.Id, entry.Id, Closing) ?? wanted;
        records.RememberTrace(stored);
        entry.Traffic = settings.Traffic.Of(new TenantId(records.Record.Tenant));
        entry.Open(await RunEvents.OpenAsync(log, records.Id, stored, outcome.IsNew, settings.Runs, time, Closing));
        return outcome.IsNew;
    }

    /// <returns>True when the guest reports that this run will get a fresh REPL.</returns>
    private async Task<bool> HandOverAsync(GuestPort port, RunEntry entry, RunRequest request)
    {
        var trace = entry.Events!.Record.Trace;
        var parent = RunSpanContext.ForCode(entry.Events.Record, port.HasRelay && !HasOwnEndpoint(request));
        var handover = new StartGuestRun(
            entry.Id, request.Language, request.Timeout, request.Grace ?? settings.Grace, request.Env, request.Code, parent, trace?.TraceState, trace?.Baggage)
        {
            Kind = request.Kind,
            Context = request.Context,
            Fresh = request.Fresh,
            Display = request.Display,
            Columns = request.Columns,
            Stdin = request.Stdin,
            Process = request.Process,
            Watch = request.Watch,
            Output = request.Output,
            Tools = request.Tools is { } tools ? settings.ToGuest(tools, request.Timeout) : null,
        };
        if (request.Tools is not null) entry.ToolCalls = new OpenToolCalls();
        if (request.Process is { } process) entry.Process = new GuestProcess(0, ArgvOf(process, request.Code), process.Cwd);
        try
        {
            var taken = await sender.SendAsync(port, handover, CancellationToken.None);
            FaultPoint.Reach(FaultPoint.RunTaken);
            entry.Held = taken.State is RunState.Queued or RunState.Running;
            entry.EndedInGuest = taken.State is RunState.Ended;
            entry.ReplRestarted = taken.ReplRestarted;
            entry.Execution = taken.Execution;
            return taken.ReplRestarted;
        }
        catch (PodflareException e) when (e is not SandboxUnreachableException)
        {
            await runs.TryWithdrawAsync(entry, e is RunQueueFullException ? "run_queue_full" : "refused", Closing);
            throw;
        }
    }

    private static RunAccepted Accepted(RunEntry entry, bool joined, bool restarted)
    {
        var record = entry.Events!.Record;
        return new RunAccepted(entry.Id, joined, restarted)
        {
            Trace = record.Trace?.ToBinding(),
            TraceParent = record.Trace?.ForCode,
            ExecutionCount = entry.Execution ?? record.Ending?.Execution,
        };
    }

    // Its spans then go to a backend of its own, which may know the caller's span and does not know the run's.
    private static bool HasOwnEndpoint(RunRequest request) => request.Env.Keys.Any(name => name is "OTEL_EXPORTER_OTLP_ENDPOINT" or "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");

    private static ImmutableArray<string> ArgvOf(ProcessSpec process, byte[] command) =>
        process.Argv.IsDefaultOrEmpty ? ["bash", "-c", Encoding.UTF8.GetString(command)] : process.Argv;

    [LoggerMessage(LogLevel.Debug, "Accepted run {Run} in sandbox {Sandbox}: {Language}.")]
    private partial void LogAccepted(RunId run, SandboxId sandbox, RunLanguage language);
}
