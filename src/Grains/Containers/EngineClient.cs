using System.Net.Sockets;
using Docker.DotNet;
using Docker.DotNet.NativeHttp;

namespace Podflare.Containers;

/// <summary>Makes clients of the engine's API.</summary>
internal static class EngineClient
{
    // A stream of events holds one; starts and removals are few at a time, but a slow one must not hold up a list.
    private const int MaxConnections = 64;

    /// <summary>A client without any time limit of its own.</summary>
    public static DockerClient Create(EngineOptions options)
    {
        var endpoint = new Uri(options.Endpoint);
        var socket = endpoint.Scheme == "unix" ? new UnixDomainSocketEndPoint(endpoint.LocalPath) : null;
        return new DockerClientBuilder()
            .WithEndpoint(socket is null ? endpoint : new Uri("http://docker"))
            .WithApiVersion(options.ApiVersion is { } version ? Version.Parse(version) : null)
            .WithTimeout(Timeout.InfiniteTimeSpan)
            // The library's own transport for unix sockets goes on waiting for an answer after it was cancelled; .NET's does not.
            .WithTransportOptions(new NativeHttpTransportOptions { ConfigureHandler = handler => Configure(handler, socket) })
            .Build();
    }

    private static void Configure(SocketsHttpHandler handler, UnixDomainSocketEndPoint? endpoint)
    {
        handler.MaxConnectionsPerServer = MaxConnections;
        handler.UseProxy = false;
        // Calls are made within a sandbox's trace, which is no business of the engine's.
        handler.ActivityHeadersPropagator = null;
        if (endpoint is not null) handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(endpoint, cancellationToken);
    }

    private static async ValueTask<Stream> ConnectAsync(UnixDomainSocketEndPoint endpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
