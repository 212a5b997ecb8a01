using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;

namespace Podflare.EgressProxy.Connect;

/// <summary>Counts open connections, of each sandbox and of all.</summary>
internal sealed class ConnectionLimit(ProxyOptions options)
{
    private int _open;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts a connection unless there are too many. <see cref="Leave"/> must follow where it returns true.</summary>
    public bool TryEnter(RegisteredSandbox sandbox)
    {
        if (!sandbox.TryEnter(options.MaxSandboxConnections)) return false;
        if (Interlocked.Increment(ref _open) <= options.MaxConnections) return true;
        Leave(sandbox);
        return false;
    }

    public void Leave(RegisteredSandbox sandbox)
    {
        Interlocked.Decrement(ref _open);
        sandbox.Leave();
    }
}
