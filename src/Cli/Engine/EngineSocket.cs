using System.Net.Sockets;

namespace Podflare.Cli.Engine;

/// <summary>The socket of Docker as a server on this machine would find it. A server in a container or of another user may use a different one.</summary>
internal static class EngineSocket
{
    /// <summary>The server's own setting; DOCKER_HOST belongs to the docker command.</summary>
    public const string EndpointVariable = "Podflare__Engine__Endpoint";

    private const string DefaultPath = "/var/run/docker.sock";
    private const string Scheme = "unix://";

    /// <summary>The path of the socket; empty if the engine is reached in another way.</summary>
    public static string Path()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return "";
        if (Environment.GetEnvironmentVariable(EndpointVariable) is not { Length: > 0 } endpoint) return DefaultPath;
        return endpoint.StartsWith(Scheme, StringComparison.Ordinal) ? endpoint[Scheme.Length..] : "";
    }

    /// <summary>Sends requests to a socket, whatever host their address names.</summary>
    public static SocketsHttpHandler CreateHandler(string path) => new()
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}
