using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Podflare;

/// <summary>Sends calls, retries failed attempts where that is safe, and turns error responses into exceptions.</summary>
internal sealed class Transport
{
    private const int MaxAnswer = 64 * 1024 * 1024;
    private readonly HttpClient _http;
    private readonly AuthenticationHeaderValue? _authorization;
    private volatile bool _disposed;

    public Transport(HttpClient http, PodflareClientOptions options, TimeProvider time, ILogger logger)
    {
        (_http, Options, Time, Logger) = (http, options, time, logger);
        Server = AsFolder(options.BaseAddress ?? ClientEnvironment.Url);
        _authorization = (options.ApiKey ?? ClientEnvironment.ApiKey) is { Length: > 0 } key ? new AuthenticationHeaderValue("Bearer", key) : null;
        TraceParent = options.TraceParent is { } trace
            ? TraceParentResolver.FromOption(trace, nameof(options.TraceParent), logger)
            : TraceParentResolver.FromEnvironment(ClientEnvironment.TraceParent, logger);
    }

    public PodflareClientOptions Options { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public Uri Server { get; }

    /// <summary>The context of calls that are made outside of any span.</summary>
    public TraceParent? TraceParent { get; }

    /// <summary>From now on every call fails with <see cref="ObjectDisposedException"/>.</summary>
    public void MarkDisposed() => _disposed = true;

    public RetryBudget Resumes(Action<PodflareException, TimeSpan, int> report) => new(Options.MaxResumes, Options, Time, report);

    /// <summary>Sends, retries, and reads the answer. A failure while reading counts as a failure of the attempt.</summary>
    public Task<T> CallAsync<T>(ApiCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        new CallLoop(this, call).RunAsync(read, cancellationToken, CancellationToken.None);

    public Task CallAsync(ApiCall call, CancellationToken cancellationToken) =>
        CallAsync(call, static (_, _) => Task.FromResult(true), cancellationToken);

    public Task<T> CallAsync<T>(ApiCall call, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        CallAsync(call, (response, token) => ReadJsonAsync(response, type, token), cancellationToken);

    /// <summary>
    /// Makes a call whose effect must not outlive a caller that cancels. Cancellation does not abort the request: its answer is awaited for a
    /// short time, because only the answer names what is to be undone.
    /// </summary>
    /// <param name="notUndone">Called if the effect may remain on the server.</param>
    public async Task<T> CallWithUndoAsync<T>(
        ApiCall call,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        Func<T, CancellationToken, Task> undo,
        Action<string> notUndone,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, Time);
        var loop = new CallLoop(this, call);
        var calling = loop.RunAsync(read, limit.Token, cancellationToken);
        try
        {
            return await calling.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            limit.CancelAfter(Options.InterruptTimeout);
            try
            {
                await undo(await calling.ConfigureAwait(false), limit.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
            {
                if (loop.MayHaveStarted) notUndone(UndoFailure(e));
            }

            throw;
        }
    }

    /// <summary>Why an effect could not be undone.</summary>
    public string UndoFailure(Exception e) => e is OperationCanceledException ? $"No answer within {Options.InterruptTimeout.TotalSeconds:0.###} s." : e.Message;

    /// <summary>One attempt, without retries.</summary>
    public async Task<T> AttemptAsync<T>(ApiCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        if (_disposed) throw Disposed();
        // Set here, the span is current for this method and its callees only.
        if (call.Span is not null) Activity.Current = call.Span;
        using var attempt = new Attempt(Options.AnswerTimeout, Time, cancellationToken);
        HttpResponseMessage? response = null;
        var handedOver = false;
        try
        {
            using var request = Request(call, attempt);
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode) throw await ErrorReader.ReadAsync(response, Time, attempt.Token).ConfigureAwait(false);
            var result = await read(response, attempt.Token).ConfigureAwait(false);
            handedOver = ReferenceEquals(result, response);
            return result;
        }
        catch (Exception e) when (_disposed && e is ObjectDisposedException or OperationCanceledException or HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
        {
            throw Disposed(e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // Without our timeout, it is one of the HttpClient's own, such as the one for connecting.
            throw attempt.TimedOut ? ConnectionFailure.NotAnswered(Authority(call), Options.AnswerTimeout, e) : ConnectionFailure.From(Authority(call), e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ConnectionFailure.From(Authority(call), e);
        }
        finally
        {
            if (!handedOver) response?.Dispose();
        }
    }

    public static async Task<T> ReadJsonAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await response.Content.BufferAsync(MaxAnswer, cancellationToken).ConfigureAwait(false);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new PodflareProtocolException("The server sent an empty answer.");
        }
        catch (JsonException e)
        {
            throw new PodflareProtocolException("The server's answer is not valid JSON of the Podflare API.", e);
        }
    }

    /// <summary>The address for a sandbox's calls. A key meant for an encrypted connection is never sent over an unencrypted one.</summary>
    public Uri? Endpoint(string? named) =>
        Options.UseSandboxEndpoint && Uri.TryCreate(named, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && (url.Scheme == "https" || Server.Scheme == "http")
            ? AsFolder(url)
            : null;

    private HttpRequestMessage Request(ApiCall call, Attempt attempt)
    {
        var request = new HttpRequestMessage(call.Method, new Uri(call.Server ?? Server, call.Path)) { Content = call.Content?.Invoke() };
        // The timeout counts from the last piece that was sent, not from the first.
        if (request.Content is IReportsProgress upload) upload.PieceSent = attempt.ResetTimeout;

        request.Headers.Authorization = _authorization;
        request.Headers.Range = call.Range;
        if (call.IdempotencyKey is { } key) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        // With a current span, HttpClient sends that span's context, which takes precedence.
        if (Activity.Current is null && (call.TraceParent ?? TraceParent) is { } trace) request.Headers.TryAddWithoutValidation("traceparent", trace.Value);
        return request;
    }

    private string Authority(ApiCall call) => (call.Server ?? Server).GetLeftPart(UriPartial.Authority);

    private static ObjectDisposedException Disposed(Exception? inner = null)
    {
        const string Message = $"This {nameof(PodflareClient)} has been disposed. Dispose it after the last use of its sandboxes.";
        return inner is null ? new ObjectDisposedException(objectName: null, Message) : new ObjectDisposedException(Message, inner);
    }

    // Without the slash, a relative path would replace the last segment.
    private static Uri AsFolder(Uri url) => url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/");
}
