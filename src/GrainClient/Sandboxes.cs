using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Podflare.Contexts;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.GrainClient;

/// <inheritdoc cref="ISandboxes"/>
internal sealed partial class Sandboxes(
    TenantId tenant, IClusterClient cluster, GrainCalls calls, RunReader reader, IOptions<GrainClientOptions> options, TimeProvider time, ILogger<Sandboxes> logger) : ISandboxes
{
    public async Task<SandboxInfo> CreateAsync(SandboxRequest? request, CancellationToken cancellationToken)
    {
        request ??= new SandboxRequest();
        var (key, spec) = (Checks.Key(request.IdempotencyKey), request.ToSpec());
        var once = cluster.GetGrain<ICreationGrain>(CreationKey.Of(tenant, key));
        return (await calls.CallAsync(token => once.Create(tenant, spec, token), cancellationToken)).Sandbox;
    }

    public Task<SandboxInfo> GetAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        calls.CallAsync(_ => Grain(sandbox).Get(tenant), cancellationToken);

    public Task<SandboxInfo> UpdateAsync(SandboxId sandbox, SandboxUpdate update, CancellationToken cancellationToken) =>
        calls.CallAsync(token => Grain(sandbox).Update(tenant, update, token), cancellationToken);

    public Task<RunId> StartRunAsync(SandboxId sandbox, string code, RunRequestOptions? options, CancellationToken cancellationToken)
    {
        options ??= new RunRequestOptions();
        return StartAsync(sandbox, options.ToRequest(code), options.IdempotencyKey, cancellationToken);
    }

    public Task<RunId> StartProcessAsync(SandboxId sandbox, ProcessRequestOptions process, CancellationToken cancellationToken) =>
        StartAsync(sandbox, process.ToRequest(), process.IdempotencyKey, cancellationToken);

    public async IAsyncEnumerable<RunEvent> RunStreamAsync(
        SandboxId sandbox, string code, RunRequestOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var run = await StartRunAsync(sandbox, code, options, cancellationToken);
        await foreach (var e in FollowAsync(sandbox, run, cancellationToken)) yield return e;
    }

    public async Task<RunResult> RunAsync(SandboxId sandbox, string code, RunRequestOptions? options, CancellationToken cancellationToken) =>
        await CollectAsync(sandbox, await StartRunAsync(sandbox, code, options, cancellationToken), cancellationToken);

    public async IAsyncEnumerable<RunEvent> RunProcessStreamAsync(SandboxId sandbox, ProcessRequestOptions process, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var run = await StartProcessAsync(sandbox, process, cancellationToken);
        await foreach (var e in FollowAsync(sandbox, run, cancellationToken)) yield return e;
    }

    public async Task<RunResult> RunProcessAsync(SandboxId sandbox, ProcessRequestOptions process, CancellationToken cancellationToken) =>
        await CollectAsync(sandbox, await StartProcessAsync(sandbox, process, cancellationToken), cancellationToken);

    public async IAsyncEnumerable<RunEvent> ReadEventsAsync(SandboxId sandbox, RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in reader.ReadAsync(tenant, sandbox, run, after, expectStart: false, cancellationToken))
        {
            foreach (var e in EventLines.Parse(batch)) yield return e;
        }
    }

    public IAsyncEnumerable<RunEvent> ReadBackgroundAsync(SandboxId sandbox, long after, CancellationToken cancellationToken) =>
        ReadEventsAsync(sandbox, RunId.ForBackground(sandbox), after, cancellationToken);

    public Task<RunInfo> GetRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        calls.CallAsync(_ => Grain(sandbox).GetRun(tenant, run), cancellationToken);

    public async IAsyncEnumerable<RunInfo> ListRunsAsync(SandboxId sandbox, RunFilter? filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wanted = filter ?? new RunFilter();
        while (true)
        {
            var page = await calls.CallAsync(token => Grain(sandbox).ListRuns(tenant, wanted, token), cancellationToken);
            foreach (var run in page.Runs) yield return run;
            if (page.Next is not { } before) yield break;
            wanted = wanted with { Before = before };
        }
    }

    public Task InterruptAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        calls.CallAsync(token => Grain(sandbox).Interrupt(tenant, run, token), cancellationToken);

    public Task InterruptAsync(SandboxId sandbox, RunId run, TimeSpan grace, CancellationToken cancellationToken) =>
        calls.CallAsync(token => Grain(sandbox).Interrupt(tenant, run, grace, token), cancellationToken);

    public Task<long> WriteStdinAsync(SandboxId sandbox, RunId run, ReadOnlyMemory<byte> data, bool endOfFile, long? offset, CancellationToken cancellationToken)
    {
        var chunk = new StdinChunk(data.ToArray(), endOfFile, offset);
        return offset is null
            ? GrainCalls.CallOnceAsync(token => Grain(sandbox).WriteStdin(tenant, run, chunk, token), cancellationToken)
            : calls.CallAsync(token => Grain(sandbox).WriteStdin(tenant, run, chunk, token), cancellationToken);
    }

    public Task SignalAsync(SandboxId sandbox, RunId run, string signal, SignalScope scope, CancellationToken cancellationToken) =>
        calls.CallAsync(token => Grain(sandbox).Signal(tenant, run, signal, scope, token), cancellationToken);

    public Task ResizeAsync(SandboxId sandbox, RunId run, TerminalSize size, CancellationToken cancellationToken) =>
        calls.CallAsync(token => Grain(sandbox).Resize(tenant, run, size, token), cancellationToken);

    public async Task<ContextInfo> CreateContextAsync(SandboxId sandbox, ContextSpec context, CancellationToken cancellationToken)
    {
        // With an ID of our own, a repeated call finds the context that the first one created.
        var named = context with { Id = context.Id ?? ContextId.Parse($"c-{Guid.NewGuid():N}") };
        return (await calls.CallAsync(token => ContextsOf(sandbox).Create(tenant, named, token), cancellationToken)).Context;
    }

    public Task<ImmutableArray<ContextInfo>> ListContextsAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        calls.CallAsync(token => ContextsOf(sandbox).List(tenant, token), cancellationToken);

    public Task<ContextInfo> RestartContextAsync(SandboxId sandbox, ContextId context, CancellationToken cancellationToken) =>
        GrainCalls.CallOnceAsync(token => ContextsOf(sandbox).Restart(tenant, context, token), cancellationToken);

    public Task<ImmutableArray<RunId>> InterruptContextAsync(SandboxId sandbox, ContextId context, bool queued, CancellationToken cancellationToken) =>
        calls.CallAsync(token => ContextsOf(sandbox).Interrupt(tenant, context, queued, cancellationToken: token), cancellationToken);

    public async Task DeleteContextAsync(SandboxId sandbox, ContextId context, CancellationToken cancellationToken)
    {
        try
        {
            await calls.CallAsync(token => ContextsOf(sandbox).Delete(tenant, context, token), cancellationToken);
        }
        catch (ContextNotFoundException)
        {
            // An earlier attempt of this call may have deleted it.
        }
    }

    public Task DeleteAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        calls.CallAsync(_ => Grain(sandbox).Delete(tenant), cancellationToken);

    private async Task<RunId> StartAsync(SandboxId sandbox, RunRequest request, string? key, CancellationToken cancellationToken)
    {
        var traced = request with { Trace = CallerTrace.Current(), Keyless = key is null };
        var run = RunId.FromKey(tenant, sandbox, Checks.Key(key));
        cancellationToken.ThrowIfCancellationRequested();
        // A cancellation does not abort the start: a run that begins after its interrupt would go on.
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var starting = calls.CallAsync(token => Grain(sandbox).StartRun(tenant, run, traced, token), limit.Token);
        try
        {
            await starting.WaitAsync(cancellationToken);
            return run;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            limit.CancelAfter(InterruptLimit);
            await ((Task)starting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await InterruptCanceledAsync(sandbox, run, limit.Token);
            throw;
        }
    }

    /// <summary>The events of a run that this call has started. A canceled call interrupts it.</summary>
    private async IAsyncEnumerable<RunEvent> FollowAsync(SandboxId sandbox, RunId run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isEnded = false;
        try
        {
            await foreach (var e in ReadEventsAsync(sandbox, run, 0, cancellationToken))
            {
                isEnded = e is ExitEvent;
                yield return e;
            }
        }
        finally
        {
            // This includes a caller that noticed the cancellation itself, between two events.
            if (!isEnded && cancellationToken.IsCancellationRequested)
            {
                using var limit = new CancellationTokenSource(InterruptLimit, time);
                await InterruptCanceledAsync(sandbox, run, limit.Token);
            }
        }
    }

    private async Task<RunResult> CollectAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        var output = new OutputCollector(options.Value.MaxResultBytes);
        await foreach (var e in FollowAsync(sandbox, run, cancellationToken))
        {
            if (e is ExitEvent exit) return output.ToResult(run, exit);
            output.Add(run, e);
        }

        // The reader ends with the exit, or throws.
        throw new UnreachableException("A run's events ended without its exit.");
    }

    /// <summary>Interrupts the run of a call that was canceled, which waits for it.</summary>
    private async Task InterruptCanceledAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        try
        {
            await InterruptAsync(sandbox, run, cancellationToken);
        }
        catch (Exception e) when (e is RunNotFoundException or SandboxNotFoundException or SandboxEndedException)
        {
            // It was never started, or has ended with its sandbox.
        }
        catch (Exception e) when (e is PodflareException or OrleansException or OperationCanceledException or TimeoutException)
        {
            LogNotInterrupted(run, sandbox, e);
        }
    }

    private TimeSpan InterruptLimit => TimeSpan.FromSeconds(options.Value.InterruptSeconds);

    private ISandboxGrain Grain(SandboxId sandbox) => cluster.GetGrain<ISandboxGrain>(sandbox.Value);

    private IContextExtension ContextsOf(SandboxId sandbox) => Grain(sandbox).AsReference<IContextExtension>();

    [LoggerMessage(LogLevel.Warning, "Run {Run} of sandbox {Sandbox} could not be interrupted after its call was canceled, and may still be running.")]
    private partial void LogNotInterrupted(RunId run, SandboxId sandbox, Exception exception);
}
