using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>All guests of this process: one unix socket per sandbox, in a folder that the container mounts read-only.</summary>
/// <remarks>
/// Folders (0700) and sockets (0600) belong to the user of this process, which must be the containers' root: that has no DAC_OVERRIDE, so
/// it reaches only what is its own.
/// </remarks>
public sealed partial class GuestListener(RunFolder folder, IOptions<GuestOptions> options, TimeProvider time, ILogger<GuestListener> logger, ITelemetryRelay? relay = null)
    : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Lock _gate = new();
    private readonly Dictionary<SandboxId, GuestSocket> _sockets = [];
    private readonly GuestExits _exits = new(TimeSpan.FromSeconds(options.Value.ExitSeconds), time);
    private bool _disposed;

    /// <summary>Listens for this sandbox's guest; the same port when it does already. The socket exists on return.</summary>
    /// <exception cref="InvalidOperationException">The run folder's path is too long for a socket in it.</exception>
    public GuestPort Open(SandboxId sandbox)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_sockets.TryGetValue(sandbox, out var known)) return known.Port;
            Directory.CreateDirectory(folder.SocketFolder(sandbox), OwnerOnly);
            var port = new GuestPort(sandbox, options.Value, time, relay);
            _sockets[sandbox] = new GuestSocket(folder.SocketPath(sandbox), port, options.Value, time, logger);
            return port;
        }
    }

    /// <summary>The port of a sandbox, if it is open.</summary>
    public GuestPort? Find(SandboxId sandbox)
    {
        lock (_gate) return _sockets.GetValueOrDefault(sandbox)?.Port;
    }

    /// <summary>Asks the guest to exit, where one is connected, and then does what <see cref="CloseAsync"/> does.</summary>
    public Task EndAsync(SandboxId sandbox)
    {
        lock (_gate)
        {
            if (_exits.IsEnabled && _sockets.TryGetValue(sandbox, out var socket) && socket.Port.Connected)
            {
                _exits.Begin(sandbox);
                socket.Port.Exit();
            }
        }

        return CloseAsync(sandbox);
    }

    /// <inheritdoc cref="GuestExits.WaitAsync"/>
    public Task WaitForExitAsync(SandboxId sandbox) => _exits.WaitAsync(sandbox);

    /// <inheritdoc cref="GuestExits.Complete"/>
    public void RecordDeath(SandboxId sandbox) => _exits.Complete(sandbox);

    /// <summary>Ends the connection and removes the socket and its folder. Repeating it is safe.</summary>
    /// <remarks>A folder that cannot be removed now is left for <see cref="RemoveStale"/>.</remarks>
    public async Task CloseAsync(SandboxId sandbox)
    {
        GuestSocket? socket;
        lock (_gate)
        {
            if (_sockets.Remove(sandbox, out socket)) socket.Close();
            Remove(folder.SocketFolder(sandbox));
        }

        if (socket is not null) await socket.DisposeAsync();
    }

    /// <summary>The tails (<see cref="SandboxId.Tail"/>) of all sandboxes that have a socket folder on disk, open here or not.</summary>
    public IReadOnlyList<string> ListTails() =>
        [.. Directory.EnumerateDirectories(folder.Sockets).Select(path => Path.GetFileName(path)).Where(IsTail)];

    /// <summary>Removes the socket folder of a sandbox that is gone; one that is open here is left alone.</summary>
    /// <param name="tail">As <see cref="ListTails"/> gives it.</param>
    /// <returns>False when a sandbox of this process uses it, or when it cannot be removed now.</returns>
    public bool RemoveStale(string tail)
    {
        if (!IsTail(tail)) throw new ArgumentException("A tail is 16 lower-case hex digits.", nameof(tail));
        lock (_gate)
        {
            if (_sockets.Keys.Any(sandbox => sandbox.Tail == tail)) return false;
            return Remove(Path.Combine(folder.Sockets, tail));
        }
    }

    /// <summary>Ends all connections. The socket folders stay: containers that outlive this process have them mounted.</summary>
    public async ValueTask DisposeAsync()
    {
        GuestSocket[] sockets;
        lock (_gate)
        {
            _disposed = true;
            sockets = [.. _sockets.Values];
            _sockets.Clear();
        }

        foreach (var socket in sockets) socket.Close();
        foreach (var socket in sockets) await socket.DisposeAsync();
    }

    private static bool IsTail(string name) => name.Length == 16 && name.All(char.IsAsciiHexDigitLower);

    private bool Remove(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            return true;
        }
        catch (Exception e)
        {
            // Whatever the file system has against it: a folder that stays matters to nobody.
            LogNotRemoved(e, path);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The socket folder {Path} could not be removed; the next sweep tries again.")]
    private partial void LogNotRemoved(Exception exception, string path);
}
