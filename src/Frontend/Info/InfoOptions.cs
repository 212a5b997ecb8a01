using System.ComponentModel.DataAnnotations;

namespace Podflare.Info;

/// <summary>What the server tells its pages and clients about its surroundings. Section <c>Podflare:Info</c>.</summary>
public sealed class InfoOptions
{
    public const string Section = "Podflare:Info";

    /// <summary>Address of the status page, such as <c>https://status.example.com</c>. Default: none.</summary>
    [MaxLength(2_000), RegularExpression("^https?://[^\\s]+$")]
    public string? StatusUrl { get; set; }

    /// <summary>Address of a trace in the tracing backend, with <c>{trace_id}</c> in place of its 32 hex digits. Default: none.</summary>
    [MaxLength(2_000), RegularExpression("^https?://[^\\s]*\\{trace_id\\}[^\\s]*$")]
    public string? TraceLink { get; set; }
}
