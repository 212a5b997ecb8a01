using System.Text.Json;

namespace Podflare;

/// <summary>
/// The contexts of a sandbox: Python interpreters with variables, working directory and environment of their own. Runs of one context are executed
/// one after the other, runs of different contexts at the same time. The context <c>python</c> always exists.
/// </summary>
/// <example>
/// <code>
/// var analysis = await sandbox.Contexts.CreateAsync(new ContextOptions { Id = "analysis" });
/// await analysis.RunAsync("x = 21");
/// var result = await analysis.RunAsync("x * 2");
/// </code>
/// </example>
public class SandboxContexts
{
    private readonly SandboxScope? _scopeOrNull;

    internal SandboxContexts(SandboxScope scope) => _scopeOrNull = scope;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected SandboxContexts()
    {
    }

    private SandboxScope Scope => _scopeOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Creates a context. If one with the same ID and the same options exists, it is returned.</summary>
    /// <exception cref="ContextExistsException">A context with the same ID and other options exists.</exception>
    /// <exception cref="ContextQuotaExceededException">The sandbox has the maximum number of contexts.</exception>
    public virtual async Task<CodeContext> CreateAsync(ContextOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new ContextOptions();
        // With an ID of our own, a repeated call finds the context that the first one created.
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new ContextBody(options.Id ?? $"c-{Guid.NewGuid():N}", ArgumentChecks.Word(options.Language, nameof(ContextOptions.Language)), options.WorkingDirectory, options.Env), ClientJson.Default.ContextBody);
        var info = await Scope.Transport.CallAsync(
            Scope.Call(HttpMethod.Post, "contexts") with { Content = () => SandboxScope.Json(body) }, ClientJson.Default.ContextInfo, cancellationToken).ConfigureAwait(false);
        return new CodeContext(Scope, info.Id, info);
    }

    /// <summary>Lists the contexts.</summary>
    public virtual async Task<IReadOnlyList<ContextInfo>> ListAsync(CancellationToken cancellationToken = default) =>
        (await Scope.Transport.CallAsync(Scope.Call(HttpMethod.Get, "contexts"), ClientJson.Default.ContextList, cancellationToken).ConfigureAwait(false)).Contexts;

    /// <summary>Returns a context that was created earlier or elsewhere. Nothing is sent.</summary>
    /// <exception cref="ArgumentException">The ID is empty.</exception>
    public virtual CodeContext Get(string contextId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(contextId);
        return new CodeContext(Scope, contextId, null);
    }
}
