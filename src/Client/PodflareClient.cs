using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Podflare;

/// <summary>A client of one Podflare server. Safe for use by many threads; make one and keep it.</summary>
public sealed class PodflareClient : IDisposable
{
    // Long enough to be worth it, short enough to follow a changed address.
    internal static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly Transport _transport;
    private readonly HttpClient? _owned;

    /// <summary>A client for the server that the environment names: <c>PODFLARE_HOSTD_URL</c>, <c>PODFLARE_API_KEY</c>.</summary>
    public PodflareClient()
        : this(new PodflareClientOptions())
    {
    }

    /// <summary>A client with its own connections.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the text names all that are.</exception>
    public PodflareClient(PodflareClientOptions options)
        : this(Check(options), null, null, TimeProvider.System)
    {
    }

    /// <summary>A client with its own connections, which logs what it repairs or ignores.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the text names all that are.</exception>
    public PodflareClient(PodflareClientOptions options, ILogger<PodflareClient> logger)
        : this(Check(options), null, logger, TimeProvider.System)
    {
    }

    /// <summary>A client that sends by an <see cref="HttpClient"/> of the caller, who disposes it. Its own time limit should be off.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the text names all that are.</exception>
    public PodflareClient(HttpClient httpClient, PodflareClientOptions options, ILogger<PodflareClient>? logger)
        : this(Check(options), httpClient ?? throw new ArgumentNullException(nameof(httpClient)), logger, TimeProvider.System)
    {
    }

    internal PodflareClient(PodflareClientOptions options, HttpClient? http, ILogger? logger, TimeProvider time)
    {
        if (http is null) http = _owned = new HttpClient(CreateHandler(options)) { Timeout = Timeout.InfiniteTimeSpan };
        _transport = new Transport(http, options, time, logger ?? NullLogger.Instance);
    }

    /// <summary>The server's address.</summary>
    public Uri BaseAddress => _transport.Server;

    /// <summary>
    /// Makes a sandbox. Repeats of a failed attempt never make a second one. Cancelling deletes what the server made all the same, where it
    /// still answers in time.
    /// </summary>
    /// <exception cref="ArgumentException">An option is not valid, as a malformed <c>traceparent</c>. Nothing was sent.</exception>
    /// <exception cref="PodflareApiException">The server refused.</exception>
    public async Task<Sandbox> CreateSandboxAsync(SandboxOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SandboxOptions();
        var trace = TraceChoice.OfOption(options.TraceParent, nameof(options), _transport.Logger);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new CreateBody(
                options.Template,
                Checks.Seconds(options.Lifetime, nameof(SandboxOptions.Lifetime)),
                Checks.Seconds(options.IdleTimeout, nameof(SandboxOptions.IdleTimeout)),
                options.RamMib,
                options.RootfsGb,
                options.Egress,
                options.Metadata,
                options.Env),
            ClientJson.Default.CreateBody);
        using var span = ClientTracing.Start(ClientTracing.CreateSpan, trace ?? _transport.TraceParent);
        var call = new ApiCall(HttpMethod.Post, "v1/sandboxes")
        {
            Content = () => Sandbox.Json(body),
            IdempotencyKey = Checks.Key(options.IdempotencyKey),
            TraceParent = trace,
            Span = span,
        };
        try
        {
            var info = await _transport.CallUndoablyAsync(
                call,
                static (response, token) => Transport.ReadJsonAsync(response, ClientJson.Default.SandboxInfo, token),
                (made, token) => ToSandbox(made, trace).DeleteAsync(token),
                cancellationToken).ConfigureAwait(false);
            span?.SetTag(ClientTracing.SandboxId, info.Id);
            return ToSandbox(info, trace);
        }
        catch (Exception e)
        {
            span.Fail(e);
            throw;
        }
    }

    /// <summary>A sandbox that was made earlier or elsewhere. Nothing is sent; disposing it does not delete it.</summary>
    public Sandbox Attach(string sandboxId, string? traceParent = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sandboxId);
        var trace = TraceChoice.OfOption(traceParent, nameof(traceParent), _transport.Logger);
        return new Sandbox(new SandboxContext(_transport, sandboxId, null, trace), null, [], deleteOnDispose: false);
    }

    /// <summary>Lists sandboxes, newest first, page after page.</summary>
    public async IAsyncEnumerable<SandboxInfo> ListSandboxesAsync(SandboxQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            var page = await ListSandboxPageAsync(query, cursor, cancellationToken).ConfigureAwait(false);
            foreach (var sandbox in page.Sandboxes) yield return sandbox;
            // A cursor that does not move would never end.
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Lists one page of sandboxes.</summary>
    public Task<SandboxPage> ListSandboxPageAsync(SandboxQuery? query = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _transport.CallAsync(new ApiCall(HttpMethod.Get, (query ?? new SandboxQuery()).ToPath(cursor)), ClientJson.Default.SandboxPage, cancellationToken);

    /// <summary>Asks whether the server lives. It needs no key.</summary>
    /// <exception cref="PodflareConnectionException">It cannot be reached.</exception>
    /// <exception cref="PodflareProtocolException">Something else answers at this address.</exception>
    public async Task CheckAliveAsync(CancellationToken cancellationToken = default)
    {
        var answer = await _transport.CallAsync(new ApiCall(HttpMethod.Get, "v1/healthz"), ReadTextAsync, cancellationToken).ConfigureAwait(false);
        if (answer.Trim() != "ok") throw new PodflareProtocolException($"{BaseAddress} does not answer as a Podflare server does.");
    }

    /// <summary>Asks whether the server can do its work: it is in its cluster, and a worker answers. It needs no key.</summary>
    /// <exception cref="UnavailableException">It cannot, and the exception says why.</exception>
    public Task CheckReadyAsync(CancellationToken cancellationToken = default) => _transport.CallAsync(new ApiCall(HttpMethod.Get, "readyz"), cancellationToken);

    /// <summary>Closes the connections, if they are the client's own.</summary>
    public void Dispose() => _owned?.Dispose();

    internal static SocketsHttpHandler CreateHandler(PodflareClientOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionLifetime = ConnectionLifetime,
        // A key must not follow wherever an answer points.
        AllowAutoRedirect = false,
        UseCookies = false,
    };

    private static PodflareClientOptions Check(PodflareClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        PodflareClientOptionsValidator.Ensure(options);
        return options.Clone();
    }

    private static async Task<string> ReadTextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(64 * 1024, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    private Sandbox ToSandbox(SandboxInfo info, TraceParent? trace)
    {
        string[] warnings = trace is { WasPadded: true } padded ? [.. info.Warnings, TraceChoice.PaddedWarning(padded)] : [.. info.Warnings];
        return new Sandbox(new SandboxContext(_transport, info.Id, _transport.Endpoint(info.Endpoint), trace), info, warnings, deleteOnDispose: true);
    }
}
