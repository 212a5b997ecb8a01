using System.Net.Sockets;
using System.Text.Json;
using Docker.DotNet;

namespace Podflare.Containers;

/// <summary>Tells errors of the engine and of the way to it from programming errors.</summary>
internal static class EngineTrouble
{
    public static bool Is(Exception error) =>
        error is DockerApiException or HttpRequestException or IOException or SocketException or TimeoutException or OperationCanceledException or JsonException;
}
