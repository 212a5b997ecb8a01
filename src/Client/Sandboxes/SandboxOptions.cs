namespace Podflare;

/// <summary>Options of a new sandbox. The server's default applies to everything that is not set.</summary>
/// <example>
/// <code>
/// var sandbox = await client.CreateSandboxAsync(new SandboxOptions
/// {
///     Lifetime = TimeSpan.FromHours(1),
///     Metadata = new Dictionary&lt;string, string&gt; { ["user"] = "42" },
/// });
/// </code>
/// </example>
public sealed record SandboxOptions
{
    /// <summary>The name of the template, at most 128 characters.</summary>
    public string? Template { get; init; }

    /// <summary>The time after which the sandbox ends, even while code runs. Server default: 24 hours; maximum: 7 days.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The time without a run or file call after which the sandbox ends. Server default: 30 minutes; maximum: 24 hours.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Memory in MiB. A value over the template's maximum is reduced to it, with a warning.</summary>
    public int? RamMib { get; init; }

    /// <summary>Disk space in GB. A value over the template's maximum is reduced to it, with a warning.</summary>
    public int? RootfsGb { get; init; }

    /// <summary>Whether code may access the network. Server default: no. If it is requested but not granted, <see cref="Sandbox.Warnings"/> says so.</summary>
    public bool? Egress { get; init; }

    /// <summary>
    /// The only hosts that code may access, with HTTPS: at most 64 names such as <c>api.example.com</c>, and patterns such as <c>*.example.com</c> for all
    /// names below one. Set either this or <see cref="Egress"/>. If it is not granted, <see cref="Sandbox.Warnings"/> says so.
    /// </summary>
    public IReadOnlyList<string>? EgressAllow { get; init; }

    /// <summary>Key-value pairs that lists can be filtered by: at most 32 pairs, keys of up to 64 and values of up to 512 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Environment variables for all runs, at most 64 KiB in total.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>
    /// W3C <c>traceparent</c> for calls about this sandbox outside of any <see cref="System.Diagnostics.Activity"/>. It takes precedence over
    /// <see cref="PodflareClientOptions.TraceParent"/>. A 64-bit trace ID is padded.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>
    /// Calls with the same key return the same sandbox; 1 to 255 visible ASCII characters. Default: a new key for each call, so that retries
    /// never create a second sandbox.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}
