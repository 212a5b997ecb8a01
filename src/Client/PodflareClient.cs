using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Podflare;

/// <summary>A client for one Podflare server. It is thread-safe; create one and reuse it.</summary>
/// <remarks>
/// To test code that uses this class, derive from it and override what the code calls. All models have public initializers.
/// </remarks>
/// <example>
/// <code>
/// using var client = new PodflareClient();
/// await using var sandbox = await client.CreateSandboxAsync();
/// var result = await sandbox.RunAsync("print(6 * 7)");
/// Console.Write(result.Stdout);
/// </code>
/// </example>
public class PodflareClient : IDisposable
{
    // Long enough to reuse connections, short enough to follow a changed DNS record.
    internal static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly Transport _transport;
    private readonly HttpClient? _owned;

    /// <summary>Creates a client for the server in <c>PODFLARE_HOSTD_URL</c>, with the key in <c>PODFLARE_API_KEY</c>.</summary>
    public PodflareClient()
        : this(new PodflareClientOptions())
    {
    }

    /// <summary>Creates a client with its own connections.</summary>
    /// <exception cref="ArgumentException">An option is out of range. The message lists every invalid option.</exception>
    public PodflareClient(PodflareClientOptions options)
        : this(Check(options), null, null, TimeProvider.System)
    {
    }

    /// <summary>Creates a client with its own connections that logs retries and warnings.</summary>
    /// <exception cref="ArgumentException">An option is out of range. The message lists every invalid option.</exception>
    public PodflareClient(PodflareClientOptions options, ILogger<PodflareClient> logger)
        : this(Check(options), null, logger, TimeProvider.System)
    {
    }

    /// <summary>Creates a client that uses the caller's <see cref="HttpClient"/>. The caller disposes it, and should disable its timeout.</summary>
    /// <exception cref="ArgumentException">An option is out of range. The message lists every invalid option.</exception>
    public PodflareClient(HttpClient httpClient, PodflareClientOptions options, ILogger<PodflareClient>? logger)
        : this(Check(options), httpClient ?? throw new ArgumentNullException(nameof(httpClient)), logger, TimeProvider.System)
    {
    }

    internal PodflareClient(PodflareClientOptions options, HttpClient? http, ILogger? logger, TimeProvider time)
    {
        if (http is null) http = _owned = new HttpClient(CreateHandler(options)) { Timeout = Timeout.InfiniteTimeSpan };
        _transport = new Transport(http, options, time, logger ?? NullLogger.Instance);
    }

    /// <summary>For calls that have no method of their own.</summary>
    internal Transport Transport => _transport;

    /// <summary>The address of the server.</summary>
    public virtual Uri BaseAddress => _transport.Server;

    /// <summary>
    /// Creates a sandbox. Retries never create a second one. If the call is canceled, a sandbox that the server created anyway is deleted,
    /// provided that the server answers within <see cref="PodflareClientOptions.InterruptTimeout"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option is invalid, for example a malformed <c>traceparent</c>. Nothing was sent.</exception>
    /// <exception cref="PodflareApiException">The server rejected the request.</exception>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    public virtual async Task<Sandbox> CreateSandboxAsync(SandboxOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SandboxOptions();
        ArgumentChecks.NotAddress(options.Template, nameof(SandboxOptions.Template), "a template name");
        var trace = TraceParentResolver.FromOption(options.TraceParent, nameof(options), _transport.Logger);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new CreateBody(
                options.Template,
                ArgumentChecks.Seconds(options.Lifetime, nameof(SandboxOptions.Lifetime)),
                ArgumentChecks.Seconds(options.IdleTimeout, nameof(SandboxOptions.IdleTimeout)),
                options.RamMib,
                options.RootfsGb,
                ArgumentChecks.Egress(options),
                options.Metadata,
                options.Env),
            ClientJson.Default.CreateBody);
        using var span = ClientTracing.Start(ClientTracing.CreateSpan, trace ?? _transport.TraceParent);
        var call = new ApiCall(HttpMethod.Post, "v1/sandboxes")
        {
            Content = () => SandboxScope.Json(body),
            IdempotencyKey = ArgumentChecks.KeyOrNew(options.IdempotencyKey),
            TraceParent = trace,
            Span = span,
        };
        try
        {
            var created = await _transport.CallWithUndoAsync(
                call,
                static async (response, token) => new CreatedSandbox(
                    await Transport.ReadJsonAsync(response, ClientJson.Default.SandboxInfo, token).ConfigureAwait(false),
                    ResponseHeaders.WasReplayed(response),
                    ResponseHeaders.TraceId(response)),
                (created, token) => ToSandbox(created, options, trace).DeleteAsync(token),
                cause => Log.CreateNotUndone(_transport.Logger, cause),
                cancellationToken).ConfigureAwait(false);
            span?.SetTag(ClientTracing.SandboxId, created.Info.Id);
            var sandbox = ToSandbox(created, options, trace);
            foreach (var warning in sandbox.Warnings) Log.SandboxWarning(_transport.Logger, sandbox.Id, warning);
            return sandbox;
        }
        catch (Exception e)
        {
            span.Fail(e);
            throw;
        }
    }

    /// <summary>Returns a sandbox that was created elsewhere. Nothing is sent, and disposing the result does not delete the sandbox.</summary>
    /// <param name="sandboxId">The sandbox's ID: <c>sbx_</c> and 32 hex digits.</param>
    /// <param name="traceParent">W3C <c>traceparent</c> of calls outside of any <see cref="System.Diagnostics.Activity"/>.</param>
    /// <exception cref="ArgumentException">The ID is empty or an address, or the <c>traceparent</c> is malformed.</exception>
    public virtual Sandbox Attach(string sandboxId, string? traceParent = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sandboxId);
        ArgumentChecks.NotAddress(sandboxId, nameof(sandboxId), "a sandbox ID");
        var trace = TraceParentResolver.FromOption(traceParent, nameof(traceParent), _transport.Logger);
        return new Sandbox(new SandboxScope(_transport, sandboxId, null, trace), null, [], deleteOnDispose: false);
    }

    /// <summary>Lists sandboxes, newest first, requesting page after page as needed.</summary>
    public virtual IAsyncEnumerable<SandboxInfo> ListSandboxesAsync(SandboxQuery? query = null, CancellationToken cancellationToken = default) => Paging.ListAsync<SandboxInfo>(
        async (cursor, token) =>
        {
            var page = await ListSandboxPageAsync(query, cursor, token).ConfigureAwait(false);
            return (page.Sandboxes, page.NextCursor);
        },
        cancellationToken);

    /// <summary>Lists one page of sandboxes.</summary>
    /// <param name="query">What to list; null lists all sandboxes.</param>
    /// <param name="cursor"><see cref="SandboxPage.NextCursor"/> of the previous page; null for the first page.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public virtual Task<SandboxPage> ListSandboxPageAsync(SandboxQuery? query = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _transport.CallAsync(new ApiCall(HttpMethod.Get, (query ?? new SandboxQuery()).ToPath(cursor)), ClientJson.Default.SandboxPage, cancellationToken);

    /// <summary>Lists the templates that a sandbox can be created from, by name.</summary>
    public virtual async Task<IReadOnlyList<TemplateInfo>> ListTemplatesAsync(CancellationToken cancellationToken = default) =>
        (await _transport.CallAsync(new ApiCall(HttpMethod.Get, "v1/templates"), ClientJson.Default.TemplateList, cancellationToken).ConfigureAwait(false)).Templates;

    /// <summary>The API keys of a tenant.</summary>
    public virtual KeyClient Keys => new(_transport);

    /// <summary>The webhooks of the tenant.</summary>
    public virtual WebhookClient Webhooks => new(_transport);

    /// <summary>Where the telemetry of the tenant goes.</summary>
    public virtual TelemetryClient Telemetry => new(_transport);

    /// <summary>Lists what happened to the tenant's sandboxes and runs, oldest first, requesting page after page as needed.</summary>
    /// <exception cref="EventsEvictedException">The event after <see cref="FeedQuery.After"/> is no longer kept.</exception>
    public virtual IAsyncEnumerable<FeedEvent> ListEventsAsync(FeedQuery? query = null, CancellationToken cancellationToken = default) =>
        FeedReader.ReadAsync(_transport, query ?? new FeedQuery(), follow: false, cancellationToken);

    /// <summary>As <see cref="ListEventsAsync"/>, and waits for further events until the caller stops. Outages are retried like those of other calls.</summary>
    /// <exception cref="EventsEvictedException">The next event is no longer kept.</exception>
    public virtual IAsyncEnumerable<FeedEvent> FollowEventsAsync(FeedQuery? query = null, CancellationToken cancellationToken = default) =>
        FeedReader.ReadAsync(_transport, query ?? new FeedQuery(), follow: true, cancellationToken);

    /// <summary>The tenants of the server, for administrators.</summary>
    public virtual TenantClient Tenants => new(_transport);

    /// <summary>The hosts of the cluster, for administrators.</summary>
    public virtual HostClient Hosts => new(_transport);

    /// <summary>Gets what the tenant does now, and did in the last hour.</summary>
    public virtual Task<Overview> GetOverviewAsync(CancellationToken cancellationToken = default) =>
        _transport.CallAsync(new ApiCall(HttpMethod.Get, "v1/overview"), ClientJson.Default.Overview, cancellationToken);

    /// <summary>Gets the server's description of itself. No API key is needed.</summary>
    public virtual Task<ServerInfo> GetServerInfoAsync(CancellationToken cancellationToken = default) =>
        _transport.CallAsync(new ApiCall(HttpMethod.Get, "v1/info"), ClientJson.Default.ServerInfo, cancellationToken);

    /// <summary>Reports what was used, by day in UTC and API key.</summary>
    /// <exception cref="InsufficientScopeException">The key does not have the scope <c>read</c>, or for other tenants <c>admin</c>.</exception>
    /// <exception cref="TenantNotFoundException">The tenant does not exist.</exception>
    public virtual Task<UsageReport> GetUsageAsync(UsageQuery? query = null, CancellationToken cancellationToken = default) =>
        _transport.CallAsync(new ApiCall(HttpMethod.Get, (query ?? new UsageQuery()).ToPath()), ClientJson.Default.UsageReport, cancellationToken);

    /// <summary>Lists the entries of an audit log, newest first, requesting page after page as needed.</summary>
    /// <exception cref="InsufficientScopeException">The key does not have the scope <c>keys</c>, or for another tenant <c>admin</c>.</exception>
    public virtual IAsyncEnumerable<AuditEntry> ListAuditEntriesAsync(AuditQuery? query = null, CancellationToken cancellationToken = default) => Paging.ListAsync<AuditEntry>(
        async (cursor, token) =>
        {
            var page = await _transport.CallAsync(new ApiCall(HttpMethod.Get, (query ?? new AuditQuery()).ToPath(cursor)), ClientJson.Default.AuditPage, token).ConfigureAwait(false);
            return ([.. page.Entries.Select(AuditEntry.Of)], page.NextCursor);
        },
        cancellationToken);

    /// <summary>Checks that the server is alive. No API key is needed.</summary>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    /// <exception cref="PodflareProtocolException">Another service answers at this address.</exception>
    public virtual async Task CheckAliveAsync(CancellationToken cancellationToken = default)
    {
        var answer = await _transport.CallAsync(new ApiCall(HttpMethod.Get, "v1/healthz"), ReadTextAsync, cancellationToken).ConfigureAwait(false);
        if (answer.Trim() != "ok") throw new PodflareProtocolException($"The service at {BaseAddress} is not a Podflare server.");
    }

    /// <summary>Checks that the server can run code: it has joined its cluster, and a worker answers. No API key is needed.</summary>
    /// <exception cref="UnavailableException">The server is not ready. The message says why.</exception>
    public virtual Task CheckReadyAsync(CancellationToken cancellationToken = default) => _transport.CallAsync(new ApiCall(HttpMethod.Get, "readyz"), cancellationToken);

    /// <summary>Closes the client's own connections. Further calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the client's own connections.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        _transport.MarkDisposed();
        _owned?.Dispose();
    }

    internal static SocketsHttpHandler CreateHandler(PodflareClientOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionLifetime = ConnectionLifetime,
        Proxy = new LoopbackBypassProxy(HttpClient.DefaultProxy),
        // The key must not be sent to wherever a redirect points.
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
        await response.Content.BufferAsync(64 * 1024, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    private Sandbox ToSandbox(CreatedSandbox created, SandboxOptions options, TraceParent? trace)
    {
        var info = created.Info;
        var warnings = new List<string>(info.Warnings);
        if (trace is { WasPadded: true } padded) warnings.Add(TraceParentResolver.PaddedWarning(padded));
        // What was requested and not granted must not go unnoticed, even if the server does not mention it.
        if ((options.Egress == true || options.EgressAllow is not null) && !info.Egress && !warnings.Exists(warning => warning.Contains("egress", StringComparison.OrdinalIgnoreCase)))
            warnings.Add("egress was requested but not granted; the sandbox has no network access");
        return new Sandbox(new SandboxScope(_transport, info.Id, _transport.Endpoint(info.Endpoint), trace), info, warnings, deleteOnDispose: true)
        {
            WasReplayed = created.WasReplayed,
            TraceId = created.TraceId,
        };
    }

    private sealed record CreatedSandbox(SandboxInfo Info, bool WasReplayed, string? TraceId);
}
