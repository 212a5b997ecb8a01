using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Files;

/// <summary>Limits of the files API. Section <c>Podflare:Files</c>.</summary>
public sealed class FileOptions
{
    public const string Section = "Podflare:Files";

    /// <summary>Largest file that can be uploaded, in bytes; more gets 413 <c>file_too_large</c>. Default: 4 GiB. What fits is up to the sandbox's disk.</summary>
    [Range(0, long.MaxValue)]
    public long MaxFileBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Files of one sandbox on their way at a time; one more gets 429 <c>rate_limited</c>. Default: 8. A guest takes 16 at most.</summary>
    [Range(1, 16)]
    public int MaxTransfers { get; set; } = 8;

    /// <summary>Time that the sandbox may take for one step: opening, one chunk, putting the file in its place; then 503, in seconds. Default: 20.</summary>
    [Range(1, 24)]
    public double StepSeconds { get; set; } = 20;

    /// <summary>Time without a word of the frontend after which a transfer is given up, in seconds. Default: 30.</summary>
    [Range(5, 600)]
    public double AbandonSeconds { get; set; } = 30;
}

[OptionsValidator]
internal sealed partial class FileOptionsValidator : IValidateOptions<FileOptions>;
