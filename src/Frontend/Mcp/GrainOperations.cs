using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Mcp;

/// <summary>What the tools do with sandboxes, over the grains. Requests are checked by the same code as those of the HTTP API.</summary>
internal sealed partial class GrainOperations(
    IGrainFactory grains, CreateServices creates, CreateLimiter creations, SandboxLister lister, StartServices starts, RunReader reader, GrainFiles files, ILogger<GrainOperations> logger)
    : ISandboxOperations
{
    public bool IsCuttingCalls => starts.Streams.IsStopping || CallerOf(McpRequestHandler.Current).Ended.IsCancellationRequested;

    public Task<CreatedSandbox> CreateSandboxAsync(NewSandbox sandbox, CancellationToken cancellationToken) => AnswerAsync(KeyScopes.Sandboxes, async (context, caller) =>
    {
        creates.Streams.ThrowIfDraining();
        var request = CreateRequest.Parse(RequestBodies.Of(sandbox), creates.Options.Value, creates.Templates.Value, creates.Limits.Find(caller.Tenant))
            .Within(creates.Limits.Find(caller.Tenant)?.EgressHosts);
        await creations.TakeAsync(caller.Tenant, cancellationToken);
        var spec = request.Spec with { Trace = BindingOf(sandbox.Trace) ?? RequestTrace.Of(context).Binding, Origin = RequestOrigin.Of(context, caller) };
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(creates.Http.Value.StartSeconds), creates.Time, cancellationToken);
        var creation = await creates.Creator.CreateAsync(caller.Tenant, sandbox.IdempotencyKey, spec, deadline);
        creates.Traces.Note(creation.Sandbox.Id, caller.Tenant.Value, creation.Sandbox.Trace);
        if (LogCall.Current is { } call) call.Sandbox = creation.Sandbox.Id.Value;
        return new CreatedSandbox(creation.Sandbox.Id.Value, [.. request.Warnings, .. creates.Isolation.Take(caller)]);
    }, cancellationToken);

    public Task<SandboxList> ListSandboxesAsync(int limit, CancellationToken cancellationToken) => AnswerAsync(KeyScopes.Read, async (_, caller) =>
    {
        var filter = new SandboxFilter(SandboxState.Ready, ImmutableSortedDictionary<string, string>.Empty, limit, null, null);
        var page = await lister.ListAsync(caller.Tenant, new ListQuery(filter, []), cancellationToken);
        return new SandboxList(
            [.. page.Sandboxes.Select(sandbox => new SandboxSummary(sandbox.Id, sandbox.Template, DateTimeOffset.Parse(sandbox.CreatedAt, CultureInfo.InvariantCulture), sandbox.Metadata))],
            page.NextCursor is not null);
    }, cancellationToken);

    public Task DeleteSandboxAsync(string sandboxId, CancellationToken cancellationToken) => AnswerAsync(KeyScopes.Sandboxes, async (context, caller) =>
    {
        var origin = RequestOrigin.Of(context, caller);
        await GrainCallRetry.RetryLostAsync(() => Of(sandboxId).Delete(caller.Tenant, origin), creates.Time, cancellationToken);
        return true;
    }, cancellationToken);

    public Task<IRunReader> StartRunAsync(string sandboxId, RunProgram program, CancellationToken cancellationToken) => AnswerAsync<IRunReader>(KeyScopes.Sandboxes, async (context, caller) =>
    {
        starts.Streams.ThrowIfDraining();
        var sandbox = IdOf(sandboxId);
        var request = StartRequest.Parse(RequestBodies.Of(program), starts.Runs.Value, starts.Tools.Value, starts.Create.Value, Mount.Main);
        var run = StartServices.RunOf(program.IdempotencyKey, sandbox, caller);
        var (trace, own) = (RequestTrace.Of(context), BindingOf(program.Trace));
        // A caller that leaves meanwhile does not end this: only a run that is known can be interrupted.
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(starts.Http.Value.StartSeconds), starts.Time, CancellationToken.None);
        var started = await starts.Starter.StartAsync(
            caller.Tenant,
            sandbox,
            run,
            request.Run with
            {
                Trace = own ?? trace.Caller,
                // What the call names is the parent of the run, although the request itself is in another trace.
                Span = own?.TraceParent ?? trace.Span,
                IsInToolSpan = own is not null && program.Trace is { IsToolSpan: true },
                Keyless = program.IdempotencyKey is null,
                Key = caller.Key,
            },
            deadline);
        if (LogCall.Current is { } call) (call.Sandbox, call.Run) = (sandbox.Value, run.Value);
        return new GrainRunReader(run, first: null, started.Events, request.Warnings, started.Accepted.ReplRestarted, Refuse);
    }, cancellationToken);

    public Task<IRunReader> ReadRunAsync(string sandboxId, string runId, long after, CancellationToken cancellationToken) => AnswerAsync<IRunReader>(KeyScopes.Read, async (_, caller) =>
    {
        var (sandbox, run) = (IdOf(sandboxId), RunOf(runId));
        // An ended run reports its exit even to readers that have read everything; a subscription would wait.
        var first = await GrainCallRetry.RetryLostAsync(() => Of(sandboxId).ReadEvents(caller.Tenant, run, after, cancellationToken), creates.Time, cancellationToken);
        var events = first is { HasExit: true } ? null : reader.Open(caller.Tenant, sandbox, run, first?.LastSeq ?? after, expectStart: false, pollWhenFull: null, cancellationToken);
        return new GrainRunReader(run, first, events, [], replRestarted: false, Refuse);
    }, cancellationToken);

    public Task<RunStatus> GetRunAsync(string sandboxId, string runId, CancellationToken cancellationToken) => AnswerAsync(KeyScopes.Read, async (_, caller) =>
    {
        var info = await GrainCallRetry.RetryLostAsync(() => Of(sandboxId).GetRun(caller.Tenant, RunOf(runId)), creates.Time, cancellationToken);
        return new RunStatus(info.State is RunState.Ended, info.Reason?.ToString().ToLowerInvariant(), info.CreatedAt, info.EndedAt);
    }, cancellationToken);

    public Task InterruptRunAsync(string sandboxId, string runId, CancellationToken cancellationToken) => AnswerAsync(KeyScopes.Sandboxes, async (_, caller) =>
    {
        await GrainCallRetry.RetryLostAsync(() => Of(sandboxId).Interrupt(caller.Tenant, RunOf(runId), cancellationToken), creates.Time, cancellationToken);
        return true;
    }, cancellationToken);

    public Task<FilePart> ReadFileAsync(string sandboxId, string path, long offset, int maxBytes, CancellationToken cancellationToken) =>
        AnswerAsync(KeyScopes.Read, (_, caller) => files.ReadAsync(caller.Tenant, IdOf(sandboxId), path, offset, maxBytes, cancellationToken), cancellationToken);

    public Task WriteFileAsync(string sandboxId, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        AnswerAsync(KeyScopes.Sandboxes, async (_, caller) =>
        {
            await files.WriteAsync(caller.Tenant, IdOf(sandboxId), path, content, cancellationToken);
            return true;
        }, cancellationToken);

    public Task<IReadOnlyList<ListedFile>> ListFilesAsync(string sandboxId, string path, int depth, int limit, CancellationToken cancellationToken) =>
        AnswerAsync(KeyScopes.Read, (_, caller) => files.ListAsync(caller.Tenant, IdOf(sandboxId), path, depth, limit, cancellationToken), cancellationToken);

    private async Task<T> AnswerAsync<T>(KeyScopes required, Func<HttpContext, Caller, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            var context = McpRequestHandler.Current;
            var caller = CallerOf(context);
            if (!caller.Scopes.Allows(required)) throw new ProblemException(Problem.InsufficientScope(required));
            return await call(context, caller);
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw Refuse(e);
        }
    }

    private RefusedException Refuse(Exception e)
    {
        var problem = ExceptionMapper.ToProblem(e);
        if (problem.Code == "internal") LogFailed(e);
        if (problem.Status >= 500) Instruments.Faults.Add(1, new KeyValuePair<string, object?>("code", problem.Code));
        const string Prefix = "invalid request: ";
        return new RefusedException(problem.Code, problem.Error.StartsWith(Prefix, StringComparison.Ordinal) ? problem.Error[Prefix.Length..] : problem.Error, e);
    }

    private static Caller CallerOf(HttpContext context) => context.Features.GetRequiredFeature<Caller>();

    private static TraceBinding? BindingOf(CallTrace? trace) =>
        trace is not null && TraceParent.TryParse(trace.TraceParent, out var parent) ? new TraceBinding(parent.Value, TraceStateList.Read(trace.TraceState), Padded: parent.WasPadded) : null;

    private ISandboxGrain Of(string sandboxId) => grains.GetGrain<ISandboxGrain>(IdOf(sandboxId).Value);

    private static SandboxId IdOf(string text) => SandboxId.TryParse(text, null, out var id) ? id : throw new SandboxNotFoundException();

    private static RunId RunOf(string text) => RunId.TryParse(text, null, out var id) ? id : throw new RunNotFoundException();

    [LoggerMessage(LogLevel.Error, "A call of a tool failed.")]
    private partial void LogFailed(Exception e);
}
