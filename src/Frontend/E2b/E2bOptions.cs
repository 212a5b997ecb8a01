using System.ComponentModel.DataAnnotations;

namespace Podflare.E2b;

/// <summary>The dialect that serves clients of E2B. Configuration section <c>Podflare:E2b</c>.</summary>
public sealed class E2bOptions
{
    public const string Section = "Podflare:E2b";

    /// <summary>Whether clients of E2B are served. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The path under which clients without a domain reach the dialect: their <c>E2B_API_URL</c> and <c>E2B_SANDBOX_URL</c> end with it. Default: <c>/compat/e2b</c>.</summary>
    [Required, RegularExpression("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*){1,8}$")]
    public string Path { get; set; } = "/compat/e2b";

    /// <summary>
    /// The domain whose subdomains <c>api</c> and <c>{port}-{id}</c> resolve to this server, with a port if it is not 443. Clients set it as <c>E2B_DOMAIN</c>. Signed URLs need it. Default: none.
    /// </summary>
    [RegularExpression("^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?(:[0-9]{1,5})?$")]
    public string? Domain { get; set; }

    /// <summary>
    /// Maps the template names that E2B clients use to templates of this server, whose own names work as well. Default: <c>base</c> and <c>code-interpreter-v1</c> map to <c>e2b</c>.
    /// </summary>
    public Dictionary<string, string> Templates { get; set; } = new(StringComparer.Ordinal) { ["base"] = "e2b", ["code-interpreter-v1"] = "e2b" };

    /// <summary>Whether the code interpreter of a sandbox is open to everyone who knows the sandbox's id, as with E2B. Default: false.</summary>
    public bool TokenlessInterpreter { get; set; }

    /// <summary>Silence after which the response to <c>/execute</c> gets a line, in seconds. Default: 5.</summary>
    [Range(0.1, 3_600)]
    public double KeepAliveSeconds { get; set; } = 5;

    /// <summary>Silence after which a stream of events gets one, in seconds, for clients that do not say. Default: 90.</summary>
    [Range(1, 3_600)]
    public double DefaultPingSeconds { get; set; } = 90;

    /// <summary>Largest message of a remote procedure call, in bytes. Default: 4 MiB.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Time after which a watcher that nobody asks for events is removed, in seconds. Default: 600.</summary>
    [Range(10, 3_600)]
    public int WatcherIdleSeconds { get; set; } = 600;

    /// <summary>The envd version that the server reports. Clients decide by it which features they use. Default: <c>0.5.7</c>.</summary>
    [Required, RegularExpression("^[0-9]+\\.[0-9]+\\.[0-9]+$")]
    public string EnvdVersion { get; set; } = "0.5.7";

    /// <summary>The host name of <see cref="Domain"/>, without its port.</summary>
    internal string? DomainHost => Domain?.Split(':')[0];

    /// <summary>The template of this server for a name of a client; null for none.</summary>
    internal string TemplateOf(string? name) => Templates.GetValueOrDefault(string.IsNullOrEmpty(name) ? "base" : name) ?? (string.IsNullOrEmpty(name) ? "e2b" : name);
}
