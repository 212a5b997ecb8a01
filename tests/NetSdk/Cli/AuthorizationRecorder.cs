using System.Net;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>A server that has no sandboxes and records the keys that it receives.</summary>
internal sealed class AuthorizationRecorder : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _answering;

    public AuthorizationRecorder()
    {
        Address = new Uri($"http://127.0.0.1:{Ports.Free()}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _answering = AnswerAsync();
    }

    public Uri Address { get; }

    public List<string?> Seen { get; } = [];

    public void Dispose()
    {
        _listener.Close();
        _answering.ContinueWith(static _ => { }, TaskScheduler.Default).GetAwaiter().GetResult();
    }

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            var context = await _listener.GetContextAsync();
            Seen.Add(context.Request.Headers["Authorization"]);
            await context.Response.OutputStream.WriteAsync("""{"sandboxes":[]}"""u8.ToArray());
            context.Response.Close();
        }
    }
}
