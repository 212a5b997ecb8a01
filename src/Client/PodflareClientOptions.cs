namespace Podflare;

/// <summary>Where the server is, who calls it, and the limits of the client. A wrong value fails the start, not a call.</summary>
public sealed class PodflareClientOptions
{
    /// <summary>Address of the server, http or https. Default: <c>PODFLARE_HOSTD_URL</c>, else <c>http://127.0.0.1:7070</c>.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>The key sent as <c>Authorization: Bearer</c>: visible ASCII, at most 512 characters. Default: <c>PODFLARE_API_KEY</c>, else none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// W3C <c>traceparent</c> of the calls that are made outside of any <see cref="System.Diagnostics.Activity"/>; a 64-bit trace id is padded.
    /// Default: <c>PODFLARE_TRACEPARENT</c>, else none.
    /// </summary>
    public string? TraceParent { get; set; }

    /// <summary>Time for a connection to be made, 100 ms to 5 minutes. Not used with an <see cref="HttpClient"/> of your own. Default: 10 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time for one attempt to be answered, 1 s to 10 minutes; the server answers everything within 25 s. It limits no run: see
    /// <see cref="RunOptions.Timeout"/>. Default: 30 s.
    /// </summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the server fills the silence of a stream, 1 s to 1 hour, in whole seconds. Default: 15 s.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Silence after which a stream counts as broken and is resumed; more than <see cref="HeartbeatInterval"/>, at most 2 hours. Default: 45 s.</summary>
    public TimeSpan SilenceLimit { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>Repeats of a call whose attempt failed in a way that makes a repeat safe and worthwhile, 0 to 100. Default: 4.</summary>
    public int MaxRetries { get; set; } = 4;

    /// <summary>Attempts to resume a broken stream, 0 to 1,000; counted anew whenever an event has arrived. Default: 10.</summary>
    public int MaxResumes { get; set; } = 10;

    /// <summary>Pause before the first repeat, 1 ms to 1 minute; it doubles with each further one. Half of each pause is drawn by chance. Default: 200 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause that the client chooses itself, <see cref="RetryDelay"/> to 10 minutes. Default: 5 s.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest <c>Retry-After</c> that is waited for, 0 to 1 hour; beyond it the refusal is thrown at once. Default: 30 s.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that a cancelled call may take to interrupt its run, or to delete its sandbox, on the server; 0 to 1 minute. Default: 5 s.</summary>
    public TimeSpan InterruptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Largest event line that is accepted, 512 KiB to 256 MiB, in bytes. Default: 16 MiB.</summary>
    public int MaxEventBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// Characters of output that a <see cref="RunResult"/> keeps, stdout and stderr together, 0 to 1 Gi; what is over is dropped, and
    /// <see cref="RunResult.Truncated"/> says so. Streams have no such limit. Default: 64 Mi.
    /// </summary>
    public int MaxResultCharacters { get; set; } = 64 * 1024 * 1024;

    /// <summary>Whether a sandbox's calls go to the address that the server named in its answer to the create, where it named one. Default: true.</summary>
    public bool UseSandboxEndpoint { get; set; } = true;

    internal PodflareClientOptions Clone() => (PodflareClientOptions)MemberwiseClone();
}
