using System.IO.Compression;
using System.Net;
using System.Threading.Channels;
using Podflare.Guests;
using Podflare.Otlp;

namespace Podflare.Relay;

/// <summary>What comes from sandboxes goes to the OTLP endpoint of the process, over real HTTP.</summary>
public sealed class RelayForwardingTests
{
    [Fact(Timeout = 30_000)]
    public async Task All_signals_are_forwarded_marked_and_with_the_configured_headers_alone()
    {
        using var receiver = new Receiver();
        await using var bench = new RelayBench(endpoint: receiver.Address);
        await bench.StartAsync();
        bench.Send(RelayBench.Spans(RelayBench.Span("a")));
        bench.Send("""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"200000000","body":{"stringValue":"line"}}]}]}]}""", TelemetrySignal.Logs);
        await bench.TakenAsync(bench.Send("""{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"3"}]}}]}]}]}""", TelemetrySignal.Metrics));

        var requests = new[] { await receiver.NextAsync(), await receiver.NextAsync(), await receiver.NextAsync() };
        Assert.Equal(["/v1/traces a b", "/v1/logs a b", "/v1/metrics a b"], requests.Select(request => $"{request.Path} {request.Key}"));
        Assert.All(requests, request => Assert.Contains(bench.Sandbox.Value, request.Text, StringComparison.Ordinal));
        Assert.All(requests[..2], request => Assert.Contains(bench.Run.Id.Value, request.Text, StringComparison.Ordinal));
        Assert.DoesNotContain(bench.Run.Id.Value, requests[2].Text, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_busy_endpoint_gets_it_again_together_with_what_came_meanwhile_and_nobody_waits_for_it()
    {
        using var receiver = new Receiver(HttpStatusCode.ServiceUnavailable, HttpStatusCode.TooManyRequests);
        await using var bench = new RelayBench(endpoint: receiver.Address);
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("a"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("b"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("c"))));
        var texts = new List<string>();
        while (!texts.Any(text => text.Contains("\"c\"", StringComparison.Ordinal))) texts.Add((await receiver.NextAsync()).Text);

        Assert.Equal(texts[0], texts[1]);
        Assert.Equal(texts[0], texts[2]);
        Assert.Equal(["a", "b", "c"], await bench.NamesAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_endpoint_refuses_is_dropped_and_one_that_never_answers_delays_nothing_for_long()
    {
        using var receiver = new Receiver(HttpStatusCode.BadRequest, null);
        await using var bench = new RelayBench(new RelayOptions { ForwardTimeoutSeconds = 5 }, receiver.Address);
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("refused"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("hangs"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("next"))));

        Assert.Equal(["refused", "hangs", "next"], await bench.NamesAsync());
        Assert.Contains("refused", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("hangs", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("hangs", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("next", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
    }

    /// <summary>A receiver that answers with these, one after the other, and then with 200; null never answers.</summary>
    private sealed class Receiver : IDisposable
    {
        private readonly HttpListener _listener;
        private readonly Channel<Request> _requests = Channel.CreateBounded<Request>(100);
        private readonly Queue<HttpStatusCode?> _answers;

        public Receiver(params HttpStatusCode?[] answers)
        {
            _answers = new Queue<HttpStatusCode?>(answers);
            (_listener, Address) = Start();
            _ = ServeAsync();
        }

        public Uri Address { get; }

        public ValueTask<Request> NextAsync() => _requests.Reader.ReadAsync(TestContext.Current.CancellationToken);

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
                _requests.Writer.TryWrite(new Request(path, context.Request.Headers["x-key"], text));
                if (answer is not { } status) continue;
                context.Response.StatusCode = (int)status;
                context.Response.Close();
            }
        }
    }

    private sealed record Request(string Path, string? Key, string Text);
}
