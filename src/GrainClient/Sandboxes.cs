using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.GrainClient;

/// <inheritdoc cref="ISandboxes"/>
internal sealed class Sandboxes(
    TenantId tenant, IClusterClient cluster, GrainCalls calls, RunReader reader, IOptions<GrainClientOptions> options, ILogger<Sandboxes> logger) : ISandboxes
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

    public async Task<RunId> StartRunAsync(SandboxId sandbox, string code, RunRequestOptions? options, CancellationToken cancellationToken)
    {
        options ??= new RunRequestOptions();
        var request = options.ToRequest(code) with { Trace = CallerTrace.Current(), Keyless = options.IdempotencyKey is null };
        var run = RunId.FromKey(tenant, sandbox, Checks.Key(options.IdempotencyKey));
        await calls.CallAsync(token => Grain(sandbox).StartRun(tenant, run, request, token), cancellationToken);
        return run;
    }

    public async IAsyncEnumerable<RunEvent> RunStreamAsync(
        SandboxId sandbox, string code, RunRequestOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var run = await StartRunAsync(sandbox, code, options, cancellationToken);
        using var interrupting = cancellationToken.UnsafeRegister(_ => InterruptInBackground(sandbox, run), null);
        await foreach (var e in ReadEventsAsync(sandbox, run, 0, cancellationToken)) yield return e;
    }

    public async Task<RunResult> RunAsync(SandboxId sandbox, string code, RunRequestOptions? options, CancellationToken cancellationToken)
    {
        var (stdout, stderr) = (new StringBuilder(), new StringBuilder());
        var run = await StartRunAsync(sandbox, code, options, cancellationToken);
        using var interrupting = cancellationToken.UnsafeRegister(_ => InterruptInBackground(sandbox, run), null);
        await foreach (var e in ReadEventsAsync(sandbox, run, 0, cancellationToken))
        {
            if (e is ExitEvent exit) return new RunResult(run, stdout.ToString(), stderr.ToString(), exit);
            if (e is StdoutEvent written) Append(stdout, written.Data);
            else if (e is StderrEvent complained) Append(stderr, complained.Data);
        }

        // The reader ends with the exit, or throws.
        throw new System.Diagnostics.UnreachableException("A run's events ended without its exit.");

        void Append(StringBuilder to, string text)
        {
            if (((long)stdout.Length + stderr.Length + text.Length) * sizeof(char) > MaxResultBytes)
                throw new InvalidOperationException($"The run {run} wrote more than {MaxResultBytes} bytes; it goes on, and its events can be read.");
            to.Append(text);
        }
    }

    public async IAsyncEnumerable<RunEvent> ReadEventsAsync(SandboxId sandbox, RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in reader.ReadAsync(tenant, sandbox, run, after, expectStart: false, cancellationToken))
        {
            foreach (var e in EventLines.Parse(batch)) yield return e;
        }
    }

    public Task<RunInfo> GetRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        calls.CallAsync(_ => Grain(sandbox).GetRun(tenant, run), cancellationToken);

    public Task InterruptAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        calls.CallAsync(token => Grain(sandbox).Interrupt(tenant, run, token), cancellationToken);

    public Task DeleteAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        calls.CallAsync(_ => Grain(sandbox).Delete(tenant), cancellationToken);

    // The caller's own call ends with its cancellation and does not wait for this.
    private void InterruptInBackground(SandboxId sandbox, RunId run) => Background.Run(logger, "interrupt", InterruptAsync(sandbox, run, CancellationToken.None));

    private int MaxResultBytes => options.Value.MaxResultBytes;

    private ISandboxGrain Grain(SandboxId sandbox) => cluster.GetGrain<ISandboxGrain>(sandbox.Value);
}
