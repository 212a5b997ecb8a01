using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>A server with one terminal, which shows what is typed and ends with exit code 7 when Ctrl-D is typed.</summary>
internal sealed class TerminalServer : IDisposable
{
    private const byte CtrlD = 4;
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly BlockingCollection<string> _lines = [];
    private int _seq = 1;
    private long _offset;

    public TerminalServer()
    {
        Address = new Uri($"http://127.0.0.1:{Ports.Free()}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _lines.Add("""{"type":"start","data":7,"seq":1,"ts":1}""");
        Show("ready\r\n"u8);
        _ = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Method, last segment of the path, and body of each request.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    public void Dispose()
    {
        _lines.CompleteAdding();
        _listener.Close();
    }

    private async Task AcceptAsync()
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

            // A stream is answered for as long as its client reads.
            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var body = await new StreamReader(context.Request.InputStream, Encoding.UTF8).ReadToEndAsync();
        var name = context.Request.Url!.AbsolutePath.Split('/')[^1];
        _calls.Enqueue($"{context.Request.HttpMethod} {name} {body}");
        try
        {
            if (name is "exec" or "events") Stream(context.Response);
            else if (name == "stdin") Type(context.Response, body);
            else context.Response.StatusCode = name == "resize" ? 204 : 202;
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has left.
        }
    }

    private void Stream(HttpListenerResponse response)
    {
        response.AddHeader("Podflare-Run-Id", "run_1");
        response.SendChunked = true;
        foreach (var line in _lines.GetConsumingEnumerable())
        {
            response.OutputStream.Write(Encoding.UTF8.GetBytes(line + "\n"));
            response.OutputStream.Flush();
            if (line.Contains("\"exit\"", StringComparison.Ordinal)) return;
        }
    }

    private void Type(HttpListenerResponse response, string body)
    {
        var typed = Convert.FromBase64String(JsonNode.Parse(body)!["data_b64"]!.GetValue<string>());
        var offset = Interlocked.Add(ref _offset, typed.Length);
        if (typed.Contains(CtrlD)) _lines.Add($$"""{"type":"exit","data":7,"seq":{{Interlocked.Increment(ref _seq)}},"ts":1}""");
        else Show(typed);
        response.OutputStream.Write(Encoding.UTF8.GetBytes($$"""{"offset":{{offset}}}"""));
    }

    private void Show(ReadOnlySpan<byte> text) =>
        _lines.Add($$"""{"type":"pty","data":"{{Convert.ToBase64String(text)}}","seq":{{Interlocked.Increment(ref _seq)}},"ts":1}""");
}
