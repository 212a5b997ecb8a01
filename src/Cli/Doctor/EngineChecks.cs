using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Podflare.Cli.Doctor;

/// <summary>Docker as the server on this machine would find it. A server in a container or under another user may find another one.</summary>
internal sealed class EngineChecks : IDisposable
{
    private const string EndpointVariable = "Podflare__Engine__Endpoint";
    private const string DefaultSocket = "/var/run/docker.sock";
    private const string Image = "podflare/default:local";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly string _socket = SocketPath();
    private readonly HttpClient _engine;

    public EngineChecks() => _engine = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://docker"), Timeout = Limit };

    public async Task<Finding> EngineAsync(string name, CancellationToken cancellationToken)
    {
        if (_socket.Length == 0) return new Finding(name, Finding.Skipped, "the engine is not reached by a unix socket");
        if (!File.Exists(_socket)) return new Finding(name, Finding.Failed, $"there is no {_socket}", "Install and start Docker; eng/ensure-docker.sh does it.");
        try
        {
            var version = await AskAsync("/version", cancellationToken);
            return new Finding(name, Finding.Fine, $"engine {version?.GetProperty("Version").GetString()} at {_socket}");
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            return Cause(e) is SocketException { SocketErrorCode: SocketError.AccessDenied }
                ? new Finding(name, Finding.Warning, $"{_socket} may not be used by this user", "That is no harm if the server runs as another one; else add the user to the group docker.")
                : new Finding(name, Finding.Failed, $"nothing answers at {_socket}: {Cause(e).Message}", "Start Docker; eng/ensure-docker.sh does it.");
        }
    }

    public async Task<Finding> ImageAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync($"/images/{Image}/json", cancellationToken) is { } image
                ? new Finding(name, Finding.Fine, $"{Image} is there, {image.GetProperty("Size").GetInt64() / 1_000_000} MB")
                : new Finding(name, Finding.Failed, $"the engine has no image {Image}", "Build it: eng/build-images.sh. With templates of your own this does not matter.");
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            return new Finding(name, Finding.Skipped, "the engine could not be asked");
        }
    }

    public void Dispose() => _engine.Dispose();

    // Only what the server would be told in the same way; DOCKER_HOST is the docker command's.
    private static string SocketPath()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return "";
        if (Environment.GetEnvironmentVariable(EndpointVariable) is not { Length: > 0 } endpoint) return DefaultSocket;
        return endpoint.StartsWith("unix://", StringComparison.Ordinal) ? endpoint["unix://".Length..] : "";
    }

    private static bool IsUnreachable(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException or JsonException or KeyNotFoundException or OperationCanceledException && !cancellationToken.IsCancellationRequested;

    private static Exception Cause(Exception e) => e is HttpRequestException { InnerException: { } inner } ? inner : e;

    private async Task<JsonElement?> AskAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _engine.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        if (answer.StatusCode is HttpStatusCode.NotFound) return null;
        answer.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
        return json.RootElement.Clone();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
