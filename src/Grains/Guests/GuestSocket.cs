using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Podflare.Resilience;

namespace Podflare.Guests;

/// <summary>The listening socket of one sandbox, and the connections that it has accepted.</summary>
internal sealed partial class GuestSocket : IAsyncDisposable
{
    private const int Backlog = 8;
    private const int MaxPathBytes = 107;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    // A guest that breaks the protocol is slowed down: otherwise it could connect, and be logged, as often as it likes.
    private static readonly TimeSpan FirstReconnectPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReconnectMemory = TimeSpan.FromSeconds(30);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly GuestOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _accepting;

    /// <summary>Binds <paramref name="path"/> and listens; the socket file there, if any, is replaced.</summary>
    /// <exception cref="InvalidOperationException">The path is longer than a socket's may be (107 bytes).</exception>
    public GuestSocket(string path, GuestPort port, GuestOptions options, TimeProvider time, ILogger logger)
    {
        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
            throw new InvalidOperationException($"The socket path {path} is longer than {MaxPathBytes} bytes: choose a shorter run folder.");
        (Port, _options, _time, _logger) = (port, options, time, logger);
        try
        {
            File.Delete(path);
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            // Between bind and listen nobody can connect, so the wider mode that bind gave is never used.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        // Off the caller's scheduler, which may be a grain's, and without its RequestContext or activity: this outlives the call.
        using (ExecutionContext.SuppressFlow()) _accepting = Task.Run(AcceptAsync);
    }

    public GuestPort Port { get; }

    /// <summary>Stops listening and ends the connection at once; the socket file goes, its folder stays.</summary>
    public void Close()
    {
        _stop.Cancel();
        _socket.Dispose();
        Port.Close();
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var served = new List<(GuestConnection Connection, Task Serving)>();
        var longest = TimeSpan.FromSeconds(_options.MaxReconnectPauseSeconds);
        var pause = new Backoff(FirstReconnectPause < longest ? FirstReconnectPause : longest, longest, _time);
        var brokenAt = _time.GetTimestamp();
        while (await AcceptOneAsync() is { } socket)
        {
            if (served.Exists(entry => entry.Connection.IsBroken))
            {
                if (_time.GetElapsedTime(brokenAt) > ReconnectMemory) pause.Reset();
                brokenAt = _time.GetTimestamp();
                await pause.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            served.RemoveAll(entry => entry.Serving.IsCompleted);
            // One greeted connection and one that has yet to greet: a guest that dials again and again cannot pile them up.
            foreach (var (older, _) in served.Where(entry => !entry.Connection.Greeted)) older.Close(ConnectionEnd.Replaced);
            var connection = new GuestConnection(socket, Port, _options, _time, _logger);
            served.Add((connection, connection.RunAsync()));
        }

        foreach (var (connection, _) in served) connection.Close(ConnectionEnd.Stopped);
        await Task.WhenAll(served.Select(entry => entry.Serving));
    }

    private async Task<Socket?> AcceptOneAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                return await _socket.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (_stop.IsCancellationRequested && e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return null;
            }
            catch (SocketException e)
            {
                // Out of descriptors, most likely: the guest dials again, and others may give some back.
                LogAcceptFailed(e, Port.Sandbox);
                await Task.Delay(AcceptPause, _time, CancellationToken.None);
            }
        }

        return null;
    }

    [LoggerMessage(LogLevel.Warning, "Could not accept the guest of sandbox {Sandbox}; trying again.")]
    private partial void LogAcceptFailed(Exception error, Sandboxes.SandboxId sandbox);
}
