using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Podflare.Cli.Engine;

namespace Podflare.Cli.Doctor;

/// <summary>Checks of the Docker engine of this machine.</summary>
internal sealed class EngineChecks : IDisposable
{
    private const string Image = "podflare/default:local";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly string _socket = EngineSocket.Path();
    private readonly HttpClient _engine;

    public EngineChecks() => _engine = new HttpClient(EngineSocket.CreateHandler(_socket)) { BaseAddress = new Uri("http://docker"), Timeout = Limit };

    public async Task<Finding> EngineAsync(string name, CancellationToken cancellationToken)
    {
        if (_socket.Length == 0) return new Finding(name, Finding.Skipped, "the engine does not use a Unix socket");
        if (!File.Exists(_socket)) return new Finding(name, Finding.Failed, $"{_socket} does not exist", "Install and start Docker, for example with eng/ensure-docker.sh.");
        try
        {
            var version = await GetJsonAsync("/version", cancellationToken);
            return new Finding(name, Finding.Passed, $"engine {version?.GetProperty("Version").GetString()} at {_socket}");
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            return Cause(e) is SocketException { SocketErrorCode: SocketError.AccessDenied }
                ? new Finding(name, Finding.Warning, $"this user has no permission for {_socket}", "If the server runs as this user, add the user to the docker group. Otherwise ignore this.")
                : new Finding(name, Finding.Failed, $"nothing answers at {_socket}: {Cause(e).Message}", "Start Docker, for example with eng/ensure-docker.sh.");
        }
    }

    public async Task<Finding> ImageAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await GetJsonAsync($"/images/{Image}/json", cancellationToken) is { } image
                ? new Finding(name, Finding.Passed, $"{Image} exists, {image.GetProperty("Size").GetInt64() / 1_000_000} MB")
                : new Finding(name, Finding.Failed, $"image {Image} does not exist", "Build it with eng/build-images.sh. It is not needed if all your templates use other images.");
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            return new Finding(name, Finding.Skipped, "the engine did not answer");
        }
    }

    /// <summary>The OCI runtime, which a large part of the CPU time of a sandbox's start and end goes to.</summary>
    public async Task<Finding> RuntimeAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            if (await GetJsonAsync("/info", cancellationToken) is not { } info) return new Finding(name, Finding.Skipped, "the engine does not report it");
            return RuntimeAdvice.Of(
                name, info.GetProperty("DefaultRuntime").GetString() ?? "", [.. info.GetProperty("Runtimes").EnumerateObject().Select(runtime => runtime.Name)],
                info.TryGetProperty("CgroupVersion", out var version) ? version.GetString() ?? "" : "");
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            return new Finding(name, Finding.Skipped, "the engine did not answer");
        }
    }

    public void Dispose() => _engine.Dispose();

    private static bool IsUnreachable(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException or JsonException or KeyNotFoundException or OperationCanceledException && !cancellationToken.IsCancellationRequested;

    private static Exception Cause(Exception e) => e is HttpRequestException { InnerException: { } inner } ? inner : e;

    private async Task<JsonElement?> GetJsonAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await _engine.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        if (response.StatusCode is HttpStatusCode.NotFound) return null;
        response.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        return json.RootElement.Clone();
    }
}
