using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Files;

/// <summary>Limits of the files API. Section <c>Podflare:Files</c>.</summary>
public sealed class FileOptions
{
    public const string Section = "Podflare:Files";

    /// <summary>Largest file that can be uploaded, in bytes; more gets 413 <c>file_too_large</c>. Default: 4 GiB. The sandbox's disk may hold less.</summary>
    [Range(0, long.MaxValue)]
    public long MaxFileBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Transfers of one sandbox at a time; one more gets 429 <c>rate_limited</c>. Default: 8. A guest accepts at most 16.</summary>
    [Range(1, 16)]
    public int MaxTransfers { get; set; } = 8;

    /// <summary>Time limit for one step in the sandbox: to open a file, to move one chunk, to put the file in its place. After it the client gets 503, in seconds. Default: 20.</summary>
    [Range(1, 24)]
    public double StepSeconds { get; set; } = 20;

    /// <summary>Time without a call of the frontend after which a transfer is abandoned, in seconds. Default: 30.</summary>
    [Range(5, 600)]
    public double AbandonSeconds { get; set; } = 30;
}

[OptionsValidator]
internal sealed partial class FileOptionsValidator : IValidateOptions<FileOptions>;
