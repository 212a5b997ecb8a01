using System.ComponentModel.DataAnnotations;

namespace Podflare.Http;

/// <summary>Limits of the HTTP server. Configuration section <c>Podflare:Http</c>.</summary>
public sealed class HttpOptions
{
    public const string Section = "Podflare:Http";

    /// <summary>
    /// Host names under which clients reach the server, without a port. Another name in a <c>Host</c> header gets 421 <c>host_not_allowed</c>, except <c>localhost</c> and that of
    /// <c>PODFLARE_PUBLIC_URL</c>; IP addresses are always accepted. A server that requires API keys accepts every name while the list is empty. Default: none.
    /// </summary>
    public List<string> AllowedHosts { get; set; } = [];

    /// <summary>
    /// Origins of web pages that may use the API from a browser, such as <c>https://app.example.com</c>; <c>*</c> for all, if the server requires API keys. Default: none.
    /// </summary>
    public List<string> AllowedOrigins { get; set; } = [];

    /// <summary>
    /// IP addresses or networks of proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed. Default: none.
    /// </summary>
    public List<string> TrustedProxies { get; set; } = [];

    /// <summary>Largest request body except that of a file upload, in bytes; a larger one gets 413. Default: 32 MiB.</summary>
    [Range(1024 * 1024, 256 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bytes of a request body that the server reads and discards after it has refused the request. Default: 256 MiB.</summary>
    [Range(0, int.MaxValue)]
    public int MaxDiscardBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Time for which the server reads and discards a request body after it has refused the request, in seconds. Default: 30.</summary>
    [Range(0, 300)]
    public double DiscardSeconds { get; set; } = 30;

    /// <summary>Request bodies over 1 MiB that are held in memory at the same time; further ones wait, and tenants take turns. Default: 16.</summary>
    [Range(1, 1024)]
    public int MaxLargeBodies { get; set; } = 16;

    /// <summary>Request bodies over 1 MiB that wait, each with 1 MiB in memory; one more gets 429 <c>rate_limited</c>. Default: 256.</summary>
    [Range(0, 65_536)]
    public int MaxWaitingBodies { get; set; } = 256;

    /// <summary>
    /// Average rate at which request bodies over 1 MiB and file uploads must arrive after <see cref="SlowBodySeconds"/>, in bytes per second; slower ones
    /// get 408. Default: 65,536.
    /// </summary>
    [Range(1, 1L << 30)]
    public int MinLargeBodyBytesPerSecond { get; set; } = 65_536;

    /// <summary>Time that a slow body is given in addition to what <see cref="MinLargeBodyBytesPerSecond"/> allows, in seconds. Default: 10.</summary>
    [Range(1, 3_600)]
    public double SlowBodySeconds { get; set; } = 10;

    /// <summary>Files that are uploaded or downloaded at the same time, each using about 3 MiB of memory; one more gets 429 <c>rate_limited</c>. Default: 128.</summary>
    [Range(1, 4_096)]
    public int MaxFileTransfers { get; set; } = 128;

    /// <summary>Time within which a JSON request body must arrive, in seconds. Default: 120.</summary>
    [Range(1, 3_600)]
    public double BodySeconds { get; set; } = 120;

    /// <summary>Time within which every request except a stream is answered, with a result or with 503, in seconds. Default: 25.</summary>
    [Range(1, 300)]
    public double AnswerSeconds { get; set; } = 25;

    /// <summary>Time limit for creating a sandbox or accepting a run, including retries, in seconds. Default: 20.</summary>
    [Range(1, 300)]
    public double StartSeconds { get; set; } = 20;

    /// <summary>Time for which an idle connection stays open, in seconds. Clients keep theirs open for 60. Default: 180.</summary>
    [Range(61, 3_600)]
    public double IdleConnectionSeconds { get; set; } = 180;

    /// <summary>Open connections; further ones are closed at once. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>
    /// Time after a stop signal during which <c>/readyz</c> answers 503 and everything else is still served, in seconds, so that load
    /// balancers notice before the port closes. A second signal ends it. An embedded server, which has no Redis, skips it. Default: 5.
    /// </summary>
    [Range(0, 300)]
    public double LameDuckSeconds { get; set; } = 5;

    /// <summary>Time that open streams get to end after <see cref="LameDuckSeconds"/>, in seconds; then they are cut, and clients can resume them elsewhere. Default: 10.</summary>
    [Range(0, 3_600)]
    public double DrainSeconds { get; set; } = 10;

    /// <summary>Rendered bytes of one replay; older events are left out, and a <c>Podflare-Warning</c> says so. At least the newest event is sent. Default: 4 MiB.</summary>
    [Range(64 * 1024, 1L << 30)]
    public long ReplayBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Silence after which a server-sent event stream gets a comment line, in seconds. Default: 15.</summary>
    [Range(1, 3_600)]
    public double SseHeartbeatSeconds { get; set; } = 15;

    /// <summary>Silence after which an exec stream under <c>/compat/podflare</c> gets an empty line, in seconds. Default: 10.</summary>
    [Range(1, 3_600)]
    public double CompatHeartbeatSeconds { get; set; } = 10;

    /// <summary>
    /// Whether <c>GET /metrics</c> of the API serves the metrics of this process to keys with the scope <c>metrics:read</c>. They are about all
    /// tenants together. Default: false.
    /// </summary>
    public bool ExposeMetrics { get; set; }
}
