using System.Collections.Concurrent;
using System.Net;

namespace Podflare.NetSdk.Services;

/// <summary>An HTTP server that gives every request the same status, and keeps their paths and one header.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly int _status;

    public Receiver(int status = 200)
    {
        _status = status;
        Address = $"http://127.0.0.1:{Ports.Free()}";
        _listener.Prefixes.Add($"{Address}/");
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address { get; }

    public ConcurrentQueue<(string Path, string? Key)> Requests { get; } = new();

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            Requests.Enqueue((context.Request.Url!.AbsolutePath, context.Request.Headers["x-api-key"]));
            context.Response.StatusCode = _status;
            context.Response.Close();
        }
    }
}
