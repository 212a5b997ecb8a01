using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>All guests of this process: one unix socket per sandbox, in a folder that the container mounts read-only.</summary>
public sealed class GuestListener : IAsyncDisposable
{
    /// <summary>Listens for this sandbox's guest; the same port when it does already. The socket exists on return.</summary>
    public GuestPort Open(SandboxId sandbox) => throw new NotImplementedException();

    /// <summary>The port of a sandbox, if it is open.</summary>
    public GuestPort? Find(SandboxId sandbox) => throw new NotImplementedException();

    /// <summary>Ends the connection and removes the socket and its folder. Repeating it is fine.</summary>
    public Task CloseAsync(SandboxId sandbox) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
