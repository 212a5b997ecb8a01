using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Engine;

/// <summary>The HTTP API of the Docker engine of this machine.</summary>
internal sealed class EngineClient : IDisposable
{
    private const string StartAdvice =
        $"Install and start Docker, or set {EngineSocket.EndpointVariable} to the address of its socket, such as unix:///run/user/1000/docker.sock.";

    // For calls that the engine answers from what it has. Builds and waits have the limit of their caller.
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(60);

    private readonly string _socket = EngineSocket.Path();
    private readonly HttpClient _http;

    public EngineClient() => _http = new HttpClient(EngineSocket.CreateHandler(_socket)) { BaseAddress = new Uri("http://docker"), Timeout = Timeout.InfiniteTimeSpan };

    /// <exception cref="CliException">The engine cannot be used. The message says why, and what to set.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (_socket.Length == 0)
        {
            throw new CliException($"{EngineSocket.EndpointVariable} is not the address of a Unix socket. Images are built with the Docker engine of this machine.")
            {
                Advice = $"Set {EngineSocket.EndpointVariable} to unix:// and the path of the engine's socket.",
            };
        }

        if (!File.Exists(_socket)) throw new CliException($"Docker is not running: {_socket} does not exist.") { Advice = StartAdvice };
        await SendAsync(HttpMethod.Get, "/_ping", null, cancellationToken);
    }

    /// <returns>Null if the engine has no such thing.</returns>
    public async Task<JsonObject?> FindAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return JsonNode.Parse(await SendAsync(HttpMethod.Get, path, null, cancellationToken)) as JsonObject;
        }
        catch (EngineException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task<JsonObject> PostAsync(string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        var answer = await SendAsync(HttpMethod.Post, path, content, cancellationToken);
        return answer.Length > 0 && JsonNode.Parse(answer) is JsonObject json ? json : [];
    }

    public Task DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, path, null, cancellationToken);

    /// <summary>Starts a call whose answer is read while it arrives. It has no limit but the caller's.</summary>
    public async Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }

        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new EngineException(response.StatusCode, Message(text) ?? $"HTTP status {(int)response.StatusCode}");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallLimit);
        try
        {
            using var response = await OpenAsync(method, path, content, limit.Token);
            return await response.Content.ReadAsByteArrayAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CliException($"Docker did not answer at {_socket} within {CallLimit.TotalSeconds} s.");
        }
    }

    private CliException Unreachable(HttpRequestException e)
    {
        // A failure of our own while the body is sent arrives as the inner exception.
        if (e.InnerException is CliException own) return own;
        if (e.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
            return new CliException($"This user has no permission for the Docker socket {_socket}.") { Advice = "Run this as root, or add the user to the docker group." };
        return new CliException($"Docker does not answer at {_socket}: {(e.InnerException ?? e).Message}.") { Advice = StartAdvice };
    }

    private static string? Message(string text)
    {
        try
        {
            return (JsonNode.Parse(text) as JsonObject)?["message"]?.ToString();
        }
        catch (JsonException)
        {
            return text.Trim() is { Length: > 0 } plain ? plain : null;
        }
    }
}
