using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Podflare;

/// <summary>Sends calls, repeats attempts that failed where that is worthwhile, and turns refusals into exceptions.</summary>
internal sealed class Transport
{
    private const int MaxAnswer = 64 * 1024 * 1024;
    private readonly HttpClient _http;
    private readonly Uri _server;
    private readonly AuthenticationHeaderValue? _authorization;
    private readonly TraceParent? _traceParent;

    public Transport(HttpClient http, PodflareClientOptions options, TimeProvider time, ILogger logger)
    {
        (_http, Options, Time, Logger) = (http, options, time, logger);
        _server = AsFolder(options.BaseAddress ?? ClientEnvironment.Url);
        _authorization = (options.ApiKey ?? ClientEnvironment.ApiKey) is { } key ? new AuthenticationHeaderValue("Bearer", key) : null;
        _traceParent = options.TraceParent is { } trace
            ? TraceChoice.OfOption(trace, nameof(options.TraceParent), logger)
            : TraceChoice.OfEnvironment(ClientEnvironment.TraceParent, logger);
    }

    public PodflareClientOptions Options { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public Uri Server => _server;

    /// <summary>The context of calls that are made outside of any span.</summary>
    public TraceParent? TraceParent => _traceParent;

    public RetryBudget Retries() => new(Options.MaxRetries, Options, Time);

    public RetryBudget Resumes() => new(Options.MaxResumes, Options, Time);

    /// <summary>Sends, repeats, and reads the answer; reading belongs to the attempt.</summary>
    public Task<T> CallAsync<T>(ApiCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        CallAsync(call, read, cancellationToken, CancellationToken.None);

    public Task CallAsync(ApiCall call, CancellationToken cancellationToken) =>
        CallAsync(call, static (_, _) => Task.FromResult(true), cancellationToken);

    public Task<T> CallAsync<T>(ApiCall call, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        CallAsync(call, (response, token) => ReadJsonAsync(response, type, token), cancellationToken);

    /// <summary>
    /// Makes a call whose effect must not outlive a caller who cancels. The request is not torn down then: its answer is waited for, for a
    /// short time, because only the answer names what is to be undone.
    /// </summary>
    public async Task<T> CallUndoablyAsync<T>(
        ApiCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, Func<T, CancellationToken, Task> undo, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, Time);
        var calling = CallAsync(call, read, limit.Token, cancellationToken);
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
            catch (Exception e) when (e is PodflareException or OperationCanceledException)
            {
                Log.NotUndone(Logger, call.Path, e.GetType().Name);
            }

            throw;
        }
    }

    /// <param name="leaving">Set when the caller has cancelled: from then on only an attempt that may have had an effect is repeated.</param>
    private async Task<T> CallAsync<T>(
        ApiCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken, CancellationToken leaving)
    {
        leaving.ThrowIfCancellationRequested();
        var retries = Retries();
        var mayHaveStarted = false;
        while (true)
        {
            try
            {
                return await AttemptAsync(call, read, cancellationToken).ConfigureAwait(false);
            }
            catch (PodflareException e) when (call.CanRepeat && Repeatable.IsWorthwhile(e))
            {
                mayHaveStarted |= Repeatable.MayHaveStarted(e);
                if (!await TryWaitAsync(e).ConfigureAwait(false)) throw;
            }
        }

        async Task<bool> TryWaitAsync(PodflareException failure)
        {
            if (mayHaveStarted) return await retries.TryWaitAsync(failure, cancellationToken).ConfigureAwait(false);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leaving);
            return await retries.TryWaitAsync(failure, either.Token).ConfigureAwait(false);
        }
    }

    /// <summary>One attempt, without repeats.</summary>
    public async Task<T> AttemptAsync<T>(ApiCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        // Set here, the span is current for this method and what it calls, and for nobody else.
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
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // Else it is a limit of the HttpClient itself, as that for connecting.
            throw new PodflareConnectionException(
                attempt.Passed ? $"{Authority(call)} did not answer within {Options.AnswerTimeout.TotalSeconds:0.###} s." : $"{Authority(call)} cannot be reached: {Cause(e)}", e);
        }
        catch (HttpRequestException e)
        {
            var arrived = e.HttpRequestError is not (HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError);
            throw new PodflareConnectionException(arrived ? $"The connection to {Authority(call)} broke: {Cause(e)}" : $"{Authority(call)} cannot be reached: {Cause(e)}", e)
            {
                MayHaveArrived = arrived,
            };
        }
        catch (IOException e)
        {
            throw new PodflareConnectionException($"The connection to {Authority(call)} broke: {Cause(e)}", e);
        }
        finally
        {
            if (!handedOver) response?.Dispose();
        }
    }

    public static async Task<T> ReadJsonAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(MaxAnswer, cancellationToken).ConfigureAwait(false);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new PodflareProtocolException("The server's answer is empty.");
        }
        catch (JsonException e)
        {
            throw new PodflareProtocolException("The server's answer is not the JSON that the API promises.", e);
        }
    }

    /// <summary>The address that a sandbox's calls go to. A key is never sent unencrypted to where it was to be sent encrypted.</summary>
    public Uri? Endpoint(string? named) =>
        Options.UseSandboxEndpoint && Uri.TryCreate(named, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && (url.Scheme == "https" || _server.Scheme == "http")
            ? AsFolder(url)
            : null;

    private HttpRequestMessage Request(ApiCall call, Attempt attempt)
    {
        var request = new HttpRequestMessage(call.Method, new Uri(call.Server ?? _server, call.Path)) { Content = call.Content?.Invoke() };
        // The limit counts from the last piece that left, not from the first.
        if (request.Content is UploadContent upload) upload.Moved = attempt.Restart;

        request.Headers.Authorization = _authorization;
        if (call.IdempotencyKey is { } key) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        // With a current span HttpClient itself sends its context, which goes before any choice of ours.
        if (Activity.Current is null && (call.TraceParent ?? _traceParent) is { } trace) request.Headers.TryAddWithoutValidation("traceparent", trace.Value);
        return request;
    }

    private string Authority(ApiCall call) => (call.Server ?? _server).GetLeftPart(UriPartial.Authority);

    private static string Cause(Exception e) => (e.InnerException ?? e).Message;

    // Without the slash the last part of a path would be replaced, not extended.
    private static Uri AsFolder(Uri url) => url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/");
}
