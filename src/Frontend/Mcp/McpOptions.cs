using System.ComponentModel.DataAnnotations;
using ModelContextProtocol.AspNetCore;

namespace Podflare.Mcp;

/// <summary>The MCP server of the API. Configuration section <c>Podflare:Mcp</c>.</summary>
public sealed class McpOptions : IValidatableObject
{
    public const string Section = "Podflare:Mcp";

    /// <summary>Whether MCP clients can connect. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The path of the server. Default: <c>/mcp</c>.</summary>
    [Required, RegularExpression("^(/[A-Za-z0-9_-]+)+$")]
    public string Path { get; set; } = "/mcp";

    /// <summary>
    /// <c>Stateless</c> serves every client on every frontend, but clients of the revisions of 2025 cannot cancel a call. <c>StatefulForInitializeClients</c>
    /// keeps sessions for those clients; it needs one frontend, or a proxy that sends each session to the same one. Default: <c>Stateless</c>.
    /// </summary>
    public HttpServerSessionMode Sessions { get; set; } = HttpServerSessionMode.Stateless;

    /// <summary>Time for which a call waits for its run by default, in seconds. Most clients give up after 60. Default: 50.</summary>
    [Range(0, 3_600)]
    public double WaitSeconds { get; set; } = 50;

    /// <summary>Longest time for which a call may wait for its run, in seconds; not more than proxies allow. Default: 300.</summary>
    [Range(0, 3_600)]
    public double MaxWaitSeconds { get; set; } = 300;

    /// <summary>Characters of the text of an answer, and of stdout and stderr in its data. Default: 20,000.</summary>
    [Range(1_024, 1_000_000)]
    public int MaxTextCharacters { get; set; } = 20_000;

    /// <summary>Bytes of the images and other displayed values of one answer. Default: 8 MiB.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int MaxValueBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Time between two notifications of progress, in milliseconds. Default: 500.</summary>
    [Range(50, 60_000)]
    public int ProgressMilliseconds { get; set; } = 500;

    /// <summary>Silence after which an event stream gets a comment, in seconds. Default: 15.</summary>
    [Range(1, 3_600)]
    public double KeepAliveSeconds { get; set; } = 15;

    /// <summary>Time between two polls of a task that clients are asked for, in milliseconds. Default: 1,000.</summary>
    [Range(100, 60_000)]
    public int TaskPollMilliseconds { get; set; } = 1_000;

    /// <summary>Largest request, in bytes; a larger one gets 413. Default: 8 MiB.</summary>
    [Range(64 * 1024, 256 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// Addresses of the authorization servers whose tokens clients may use, as the metadata of the protected resource lists them. They need
    /// <c>PODFLARE_PUBLIC_URL</c> and <c>Podflare:Oidc:Authority</c>; tokens must then name the address of the MCP server as their audience. Default: none.
    /// </summary>
    public List<string> AuthorizationServers { get; set; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (WaitSeconds > MaxWaitSeconds) yield return new ValidationResult($"{Section}:{nameof(WaitSeconds)} must not be more than {nameof(MaxWaitSeconds)}.", [nameof(WaitSeconds)]);
        if (Sessions is not (HttpServerSessionMode.Stateless or HttpServerSessionMode.StatefulForInitializeClients))
            yield return new ValidationResult($"{Section}:{nameof(Sessions)} must be Stateless or StatefulForInitializeClients.", [nameof(Sessions)]);
        foreach (var server in AuthorizationServers)
        {
            if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
                yield return new ValidationResult($"{Section}:{nameof(AuthorizationServers)} must be https addresses; http is accepted for this machine only.", [nameof(AuthorizationServers)]);
        }
    }
}
