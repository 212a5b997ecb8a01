using System.Text.Json;

namespace Podflare;

/// <summary>A context of a sandbox; see <see cref="SandboxContexts"/>.</summary>
public class CodeContext
{
    private readonly SandboxScope? _scopeOrNull;

    internal CodeContext(SandboxScope scope, string id, ContextInfo? info) => (_scopeOrNull, Id, Info) = (scope, id, info);

    /// <summary>For derived classes in tests. Members that need a server throw unless they are overridden.</summary>
    protected CodeContext() => Id = "";

    /// <summary>The context's ID.</summary>
    public virtual string Id { get; }

    /// <summary>The server's answer to the create; null for a context that was obtained by ID.</summary>
    public virtual ContextInfo? Info { get; }

    private SandboxScope Scope => _scopeOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Runs code in the context and waits for it to end; see <see cref="Sandbox.RunAsync"/>.</summary>
    public virtual Task<RunResult> RunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).RunAsync(Start(code, options), cancellationToken);

    /// <summary>Runs code in the context and delivers its events as they occur; see <see cref="Sandbox.RunStreamAsync"/>.</summary>
    public virtual IAsyncEnumerable<SandboxEvent> RunStreamAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).StreamAsync(Start(code, options), cancellationToken);

    /// <summary>Starts code in the context; see <see cref="Sandbox.StartRunAsync"/>.</summary>
    public virtual Task<SandboxRun> StartRunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).StartAsync(Start(code, options), cancellationToken);

    /// <summary>Gets the current state of the context.</summary>
    /// <exception cref="ContextNotFoundException">The context does not exist.</exception>
    public virtual Task<ContextInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Call(HttpMethod.Get, ""), ClientJson.Default.ContextInfo, cancellationToken);

    /// <summary>
    /// Replaces the interpreter by a new one and waits until it is ready. The variables are gone; the current run ends with 137, and waiting runs with
    /// 130. The call is not repeated if its answer is lost.
    /// </summary>
    /// <exception cref="ContextNotFoundException">The context does not exist.</exception>
    public virtual Task<ContextInfo> RestartAsync(CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Call(HttpMethod.Post, "/restart") with { CanRetry = false }, ClientJson.Default.ContextInfo, cancellationToken);

    /// <summary>Interrupts the code that is running; no run ID is needed.</summary>
    /// <param name="queued">Whether the runs that wait are ended as well.</param>
    /// <param name="grace">The time between the interrupt and the kill, 0 to 300 s. Default: that of the run.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The IDs of the runs that were interrupted.</returns>
    /// <exception cref="ContextNotFoundException">The context does not exist.</exception>
    public virtual async Task<IReadOnlyList<string>> InterruptAsync(bool queued = false, TimeSpan? grace = null, CancellationToken cancellationToken = default)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new InterruptBody(ArgumentChecks.SecondsOrZero(grace, nameof(grace)), queued ? true : null), ClientJson.Default.InterruptBody);
        var call = Call(HttpMethod.Post, "/interrupt") with { Content = () => SandboxScope.Json(body) };
        return (await Scope.Transport.CallAsync(call, ClientJson.Default.InterruptedRuns, cancellationToken).ConfigureAwait(false)).Runs;
    }

    /// <summary>Deletes the context. Its open runs end with 137. Succeeds if the context does not exist.</summary>
    /// <exception cref="ContextRequiredException">The context <c>python</c> cannot be deleted.</exception>
    public virtual async Task DeleteAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await Scope.Transport.CallAsync(Call(HttpMethod.Delete, ""), cancellationToken).ConfigureAwait(false);
        }
        catch (ContextNotFoundException)
        {
        }
    }

    private RunStart Start(string code, RunOptions? options) => ((options ?? new RunOptions()) with { Context = Id }).ToStart(code);

    private ApiCall Call(HttpMethod method, string path) => Scope.Call(method, $"contexts/{Uri.EscapeDataString(Id)}{path}");
}
