using System.IO.Compression;
using System.Net;
using System.Threading.Channels;
using Podflare.Otlp;

namespace Podflare.Relay;

/// <summary>A receiver that answers with these, one after the other, and then with 200; null never answers.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Channel<OtlpRequest> _requests = Channel.CreateBounded<OtlpRequest>(100);
    private readonly Queue<HttpStatusCode?> _answers;

    public OtlpReceiver(params HttpStatusCode?[] answers)
    {
        _answers = new Queue<HttpStatusCode?>(answers);
        (_listener, Address) = Start();
        _ = ServeAsync();
    }

    public Uri Address { get; }

    /// <summary>Requests that arrived and were not read.</summary>
    public int Waiting => _requests.Reader.Count;

    public ValueTask<OtlpRequest> NextAsync() => _requests.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public void Dispose() => ((IDisposable)_listener).Dispose();

    // A listener that could not start cannot be used again.
    private static (HttpListener Listener, Uri Address) Start()
    {
        for (var attempt = 0; ; attempt++)
        {
            var listener = new HttpListener();
            var address = new Uri($"http://127.0.0.1:{Random.Shared.Next(20_000, 60_000)}/");
            listener.Prefixes.Add(address.ToString());
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                // Another program has the port.
            }
        }
    }

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

            using var gzip = new GZipStream(context.Request.InputStream, CompressionMode.Decompress);
            using var body = new MemoryStream();
            await gzip.CopyToAsync(body);
            var path = context.Request.Url!.AbsolutePath;
            var root = path == "/v1/traces" ? OtlpSchema.Traces : path == "/v1/logs" ? OtlpSchema.Logs : OtlpSchema.Metrics;
            var text = System.Text.Encoding.UTF8.GetString(OtlpJson.Write(OtlpProtobufReader.Read(root, body.ToArray())!.Message));
            var answer = _answers.TryDequeue(out var next) ? next : HttpStatusCode.OK;
            _requests.Writer.TryWrite(new OtlpRequest(path, context.Request.Headers["x-key"], text));
            if (answer is not { } status) continue;
            context.Response.StatusCode = (int)status;
            context.Response.Close();
        }
    }
}

/// <param name="Key">Of its header <c>x-key</c>.</param>
internal sealed record OtlpRequest(string Path, string? Key, string Text);
