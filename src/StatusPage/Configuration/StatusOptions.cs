using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Podflare.Configuration;

/// <summary>General settings of the status page.</summary>
internal sealed class StatusOptions : IValidatableObject
{
    public const string Section = "Status";

    /// <summary>The folder for the database, its backups and the static copies. Default: <c>podflare/status</c> in the user's local application data.</summary>
    public string? Folder { get; set; }

    /// <summary>The public address of the page, without a trailing slash. It is used in mails, feeds and JSON. Default: the listening address.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>The page's name. Default: Podflare.</summary>
    [Required, StringLength(60)] public string Name { get; set; } = "Podflare";

    /// <summary>Weight of a partial outage in the uptime formula. Default: 0.3.</summary>
    [Range(0, 1)] public double PartialWeight { get; set; } = 0.3;

    /// <summary>Days for which raw samples are kept. Default: 7.</summary>
    [Range(2, 90)] public int SampleDays { get; set; } = 7;

    /// <summary>Days for which latencies and statuses are kept. Default: 400.</summary>
    [Range(91, 4000)] public int HistoryDays { get; set; } = 400;

    /// <summary>Concurrent readers of <c>/events</c>. Default: 500.</summary>
    [Range(1, 100000)] public int MaxEventReaders { get; set; } = 500;

    /// <summary>Concurrent readers of <c>/events</c> from one client address. Default: 20.</summary>
    [Range(1, 100000)] public int MaxEventReadersPerAddress { get; set; } = 20;

    /// <summary>Addresses of proxies whose <c>X-Forwarded-For</c> and <c>-Proto</c> are trusted, separated by commas. Default: none.</summary>
    public string TrustedProxies { get; set; } = "";

    public IEnumerable<string> Proxies => TrustedProxies.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PublicUrl is { Length: > 0 } && !(Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { UserInfo: "", Query: "", Fragment: "" }))
            yield return new ValidationResult($"Status__PublicUrl is '{PublicUrl}'; it must be an http or https address such as https://status.example.com.", [nameof(PublicUrl)]);
        if (Proxies.FirstOrDefault(p => !IPAddress.TryParse(p, out _)) is { } proxy)
            yield return new ValidationResult($"Status__TrustedProxies contains '{proxy}'; it must be a list of IP addresses, separated by commas.", [nameof(TrustedProxies)]);
    }
}
