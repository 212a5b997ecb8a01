using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Podflare.Configuration;

/// <summary>General settings of the status page.</summary>
internal sealed class StatusOptions : IValidatableObject
{
    public const string Section = "Status";

    private const int MaxLogoBytes = 256 * 1024;

    private static readonly string[] LogoKinds = [".svg", ".png", ".webp"];

    /// <summary>The folder for the database, its backups and the static copies. Default: <c>podflare/status</c> in the user's local application data.</summary>
    public string? Folder { get; set; }

    /// <summary>The public address of the page, without a trailing slash. It is used in mails, feeds and JSON. Default: the listening address.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>The page's name. Default: Podflare.</summary>
    [Required, StringLength(60)] public string Name { get; set; } = "Podflare";

    /// <summary>The path of a logo, which replaces that of Podflare: an SVG, PNG or WebP file of at most 256 KiB, shown 28 pixels high. Default: none.</summary>
    public string? Logo { get; set; }

    /// <summary>The color of links and buttons, such as <c>#3a4fd8</c>. Its contrast on white must be at least 4.5. A lighter shade is used on dark pages. Default: that of Podflare.</summary>
    public string? Accent { get; set; }

    /// <summary>Where readers get help: an http, https or mailto address, which every page links to. Default: none.</summary>
    public string? SupportUrl { get; set; }

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
        if (LogoError() is { } wrong) yield return new ValidationResult($"Status__Logo is '{Logo}'; {wrong}.", [nameof(Logo)]);
        if (AccentError() is { } pale) yield return new ValidationResult($"Status__Accent is '{Accent}'; {pale}.", [nameof(Accent)]);
        if (SupportUrl is { Length: > 0 } && !(Uri.TryCreate(SupportUrl, UriKind.Absolute, out var support) && support.Scheme is "http" or "https" or "mailto"))
            yield return new ValidationResult($"Status__SupportUrl is '{SupportUrl}'; it must be an http, https or mailto address such as https://example.com/help or mailto:help@example.com.", [nameof(SupportUrl)]);
        if (Proxies.FirstOrDefault(p => !IPAddress.TryParse(p, out _)) is { } proxy)
            yield return new ValidationResult($"Status__TrustedProxies contains '{proxy}'; it must be a list of IP addresses, separated by commas.", [nameof(TrustedProxies)]);
    }
    private string? LogoError()
    {
        if (string.IsNullOrEmpty(Logo)) return null;
        if (!LogoKinds.Contains(Path.GetExtension(Logo).ToLowerInvariant())) return "it must be the path of an .svg, .png or .webp file";
        var file = new FileInfo(Logo);
        if (!file.Exists) return "there is no such file";
        return file.Length > MaxLogoBytes ? $"the file has {file.Length} bytes, and at most {MaxLogoBytes} are allowed" : null;
    }

    private string? AccentError()
    {
        if (string.IsNullOrEmpty(Accent)) return null;
        if (AccentColor.Parse(Accent) is not { } color) return "it must be a color such as #3a4fd8";
        return color.ContrastOnWhite < AccentColor.MinContrast
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"its contrast on white is {color.ContrastOnWhite:0.0}, and text needs at least {AccentColor.MinContrast:0.0}: choose a darker color")
            : null;
    }
}
