using System.Net;
using System.Text;

namespace Podflare.NetSdk.Scripted;

/// <summary>A request of the client.</summary>
internal sealed record RecordedRequest(string Method, string Path, string Query, string? Key, string? TraceParent, string? Authorization, string Body);

/// <summary>A server with a scripted answer for each request. It records the requests.</summary>
internal sealed class ScriptedServer : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _answers = new();

    public List<RecordedRequest> Requests { get; } = [];

    public LogRecorder Log { get; } = new();

    public PodflareClient Connect(Action<PodflareClientOptions>? change = null)
    {
        var options = new PodflareClientOptions
        {
            BaseAddress = new Uri("http://scripted"),
            RetryDelay = TimeSpan.FromMilliseconds(1),
            MaxRetryDelay = TimeSpan.FromMilliseconds(2),
        };
        change?.Invoke(options);
        return new PodflareClient(new HttpClient(this, disposeHandler: false), options, Log);
    }

    public Sandbox Attach(Action<PodflareClientOptions>? change = null) => Connect(change).Attach("sbx_1");

    public ScriptedServer Then(Func<HttpResponseMessage> answer, int times = 1)
    {
        for (var i = 0; i < times; i++) _answers.Enqueue(answer);
        return this;
    }

    public ScriptedServer Json(string json, int times = 1) => Then(() => new HttpResponseMessage { Content = new StringContent(json, Encoding.UTF8, "application/json") }, times);

    public ScriptedServer Refuse(int status, string code, string? retryAfter = null, string more = "", int times = 1) => Then(
        () =>
        {
            var answer = new HttpResponseMessage((HttpStatusCode)status)
            {
                Content = new StringContent($$"""{"error":"no","code":"{{code}}","status":{{status}},"detail":"because","trace_id":"abc"{{more}}}""", Encoding.UTF8, "application/problem+json"),
            };
            if (retryAfter is not null) answer.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
            return answer;
        },
        times);

    /// <summary>No answer: the connection breaks, before or after the request was sent.</summary>
    public ScriptedServer Break(HttpRequestError error = HttpRequestError.ResponseEnded, int times = 1) => Then(() => throw new HttpRequestException(error, "broken"), times);

    /// <summary>A stream of these lines, which then breaks or ends.</summary>
    public ScriptedServer Stream(string lines, bool breaks = true, int times = 1) => Then(
        () => new HttpResponseMessage { Content = new StreamContent(new BreakingStream(Encoding.UTF8.GetBytes(lines), breaks)), Headers = { { "Podflare-Run-Id", "run_1" } } }, times);

    /// <summary>The lines of stdout events from..to, and the exit behind them if wanted.</summary>
    public static string Lines(int from, int to, bool exit = false)
    {
        var text = new StringBuilder();
        for (var seq = from; seq <= to; seq++) text.Append($$"""{"type":"stdout","data":"{{seq}}\n","seq":{{seq}},"ts":1}""").Append('\n');
        if (exit) text.Append($$"""{"type":"exit","data":0,"seq":{{to + 1}},"ts":1}""").Append('\n');
        return text.ToString();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add(new RecordedRequest(
            request.Method.Method,
            request.RequestUri!.AbsolutePath,
            request.RequestUri.Query,
            Header("Idempotency-Key"),
            Header("traceparent"),
            request.Headers.Authorization?.ToString(),
            request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)));
        return _answers.TryDequeue(out var answer) ? answer() : throw new InvalidOperationException($"The script has no answer to {Requests[^1]}.");

        string? Header(string name) => request.Headers.TryGetValues(name, out var values) ? values.Single() : null;
    }

    /// <summary>Gives its bytes a few at a time and breaks behind them.</summary>
    private sealed class BreakingStream(byte[] bytes, bool breaks) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (breaks && Position == Length) throw new HttpIOException(HttpRequestError.ResponseEnded, "cut");
            return base.ReadAsync(buffer.Length > 7 ? buffer[..7] : buffer, cancellationToken);
        }
    }
}
