using System.Net.Sockets;
using System.Text;

namespace Podflare.Faults.Services;

/// <summary>The container engine as one worker reaches it. It can hang, refuse, or list no container while the other worker's engine is well.</summary>
internal sealed class EngineProxy : IAsyncDisposable
{
    private const string DockerSocket = "/var/run/docker.sock";
    private static readonly byte[] EmptyList = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[]\n"u8.ToArray();

    private readonly CuttableProxy _proxy;
    private volatile bool _listsNothing;

    /// <param name="socket">Path of the unix socket to listen on.</param>
    public EngineProxy(string socket)
    {
        Endpoint = $"unix://{socket}";
        _proxy = new CuttableProxy(new UnixDomainSocketEndPoint(socket), new UnixDomainSocketEndPoint(DockerSocket), Answer);
    }

    /// <summary>Its address as the worker's configuration names it.</summary>
    public string Endpoint { get; }

    public void Break(Cut how) => _proxy.Break(how);

    /// <summary>Lists of containers are empty, as those of an engine that is still loading its containers. Everything else works.</summary>
    public void ListNothing() => _listsNothing = true;

    public void Mend()
    {
        _listsNothing = false;
        _proxy.Mend();
    }

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    // A connection carries one request at a time, and one without a body arrives in one piece.
    private byte[]? Answer(ReadOnlyMemory<byte> request)
    {
        if (!_listsNothing || !request.Span.StartsWith("GET "u8)) return null;
        var line = request.Span[..Math.Max(0, request.Span.IndexOf("\r\n"u8))];
        return Encoding.ASCII.GetString(line).Contains("/containers/json", StringComparison.Ordinal) ? EmptyList : null;
    }
}
