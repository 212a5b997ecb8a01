namespace Podflare;

/// <summary>Options of a <see cref="PodflareClient"/>. Invalid values are rejected when the client is created.</summary>
/// <example>
/// <code>
/// using var client = new PodflareClient(new PodflareClientOptions { BaseAddress = new Uri("http://127.0.0.1:7070"), MaxRetries = 2 });
/// </code>
/// </example>
public sealed class PodflareClientOptions
{
    /// <summary>The server's http or https address. Default: <c>PODFLARE_HOSTD_URL</c>, or <c>http://127.0.0.1:7070</c>.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>
    /// The API key, sent as <c>Authorization: Bearer</c>: visible ASCII, at most 512 characters. An empty string sends no key. Default:
    /// <c>PODFLARE_API_KEY</c>, or none.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// W3C <c>traceparent</c> of calls outside of any <see cref="System.Diagnostics.Activity"/>. A 64-bit trace ID is padded.
    /// Default: <c>PODFLARE_TRACEPARENT</c>, or none.
    /// </summary>
    public string? TraceParent { get; set; }

    /// <summary>The timeout for opening a connection, 100 ms to 5 minutes. Not used with your own <see cref="HttpClient"/>. Default: 10 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The timeout for the answer to one attempt, 1 s to 10 minutes. The server answers within 25 s. This does not limit runs; see
    /// <see cref="RunOptions.Timeout"/>. Default: 30 s.
    /// </summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The interval at which the server sends a heartbeat on a silent stream, 1 s to 1 hour, in whole seconds. Default: 15 s.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The silence after which a stream is considered broken and is resumed; longer than <see cref="HeartbeatInterval"/>, at most 2 hours. Default: 45 s.</summary>
    public TimeSpan SilenceLimit { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>The maximum number of retries of a call, 0 to 100. Only failures that are safe to retry are retried. Default: 4.</summary>
    public int MaxRetries { get; set; } = 4;

    /// <summary>The maximum number of consecutive attempts to resume a stream, 0 to 1,000. Each new event resets the count. Default: 10.</summary>
    public int MaxResumes { get; set; } = 10;

    /// <summary>The pause before the first retry, 1 ms to 1 minute. It doubles with each retry, and half of each pause is random. Default: 200 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between retries, <see cref="RetryDelay"/> to 10 minutes. Default: 5 s.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest <c>Retry-After</c> to wait for, 0 to 1 hour. If the server asks for more, the call fails at once. Default: 30 s.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The time that a canceled call may take to interrupt its run, or to delete its sandbox, on the server; 0 to 1 minute. Default: 5 s.</summary>
    public TimeSpan InterruptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest event line to accept, 512 KiB to 256 MiB, in bytes. Default: 16 MiB.</summary>
    public int MaxEventBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// The number of characters of output that a <see cref="RunResult"/> keeps, stdout and stderr together, 0 to 1,073,741,824. Further output is
    /// dropped, and <see cref="RunResult.Truncated"/> is true. Streams have no such limit. Default: 67,108,864.
    /// </summary>
    public int MaxResultCharacters { get; set; } = 64 * 1024 * 1024;

    /// <summary>Whether calls about a sandbox use the address that the server named when it created the sandbox, if it named one. Default: true.</summary>
    public bool UseSandboxEndpoint { get; set; } = true;

    internal PodflareClientOptions Clone() => (PodflareClientOptions)MemberwiseClone();
}
