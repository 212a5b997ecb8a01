using System.Net;
using Podflare.EgressProxy.Names;

namespace Podflare.EgressProxy.Sandboxes;

/// <summary>A sandbox that may use the proxy, until it is removed.</summary>
internal sealed class RegisteredSandbox(IPAddress address, SandboxAccess access) : IDisposable
{
    private readonly CancellationTokenSource _removed = new();
    private int _connections;

    public IPAddress Address => address;

    public SandboxAccess Access => access;

    public AllowList Allowed { get; } = new(access.Allow);

    /// <summary>Cancelled when the sandbox is removed, which ends its connections.</summary>
    public CancellationToken Removed => _removed.Token;

    /// <summary>Counts a connection unless there are too many. <see cref="Leave"/> must follow where it returns true.</summary>
    public bool TryEnter(int limit)
    {
        if (Interlocked.Increment(ref _connections) <= limit) return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _connections);

    public bool IsSame(SandboxAccess other) =>
        access.Sandbox == other.Sandbox && access.Tenant == other.Tenant && access.Allow.SequenceEqual(other.Allow, StringComparer.Ordinal);

    /// <summary>Removes it. The token stays usable.</summary>
    public void Dispose()
    {
        // Not disposed of: connections may be about to register with the token. Without a timer it holds nothing.
        _removed.Cancel();
    }
}
