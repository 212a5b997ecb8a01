namespace Podflare.Extensions.AI.Leases;

/// <summary>One sandbox, which is created when it is first needed, and replaced when it has ended.</summary>
/// <param name="knownId">The ID of a sandbox that exists, if there is one.</param>
/// <param name="created">Called with the ID of each sandbox that was created.</param>
internal sealed class ReplaceableSandbox(PodflareClient client, SandboxOptions? options, string? knownId = null, Action<string>? created = null) : ISandboxSource
{
    private readonly SemaphoreSlim _creating = new(1, 1);
    private Sandbox? _sandbox = knownId is null ? null : client.Attach(knownId);

    /// <summary>The ID of the current sandbox; null if there is none.</summary>
    public string? SandboxId => Volatile.Read(ref _sandbox)?.Id;

    public async ValueTask<SandboxLease> AcquireAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _sandbox) is { } existing) return new SandboxLease(existing);
        // Calls that run at the same time must not create one sandbox each.
        await _creating.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_sandbox is { } other) return new SandboxLease(other);
            var sandbox = await client.CreateSandboxAsync(options, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _sandbox, sandbox);
            created?.Invoke(sandbox.Id);
            return new SandboxLease(sandbox);
        }
        finally
        {
            _creating.Release();
        }
    }

    public bool Forget(Sandbox ended)
    {
        Interlocked.CompareExchange(ref _sandbox, null, ended);
        return true;
    }

    /// <summary>Deletes the current sandbox. A failure is logged by the client, and the sandbox then ends after its idle timeout.</summary>
    public async ValueTask DeleteAsync()
    {
        if (Interlocked.Exchange(ref _sandbox, null) is not { } sandbox) return;
        // Also one that was attached.
        sandbox.DeleteOnDispose = true;
        await sandbox.DisposeAsync().ConfigureAwait(false);
    }
}
