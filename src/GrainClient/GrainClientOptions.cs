using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.GrainClient;

/// <summary>How a grain client behaves. Section <c>Podflare:GrainClient</c>. What a reader of a run may hold stands in <c>Podflare:Readers</c>.</summary>
public sealed class GrainClientOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Podflare:GrainClient";

    /// <summary>Name of the cluster: its <c>Podflare:ClusterId</c>. Default: <c>podflare</c>.</summary>
    [Required]
    public string ClusterId { get; set; } = "podflare";

    /// <summary>
    /// Time for which the start waits for a silo that answers, in seconds; then it fails with <see cref="ClusterUnreachableException"/>. Raise it
    /// for a service that may start before the cluster. Default: 10.
    /// </summary>
    [Range(0, 86_400)]
    public double ConnectSeconds { get; set; } = 10;

    /// <summary>Time for one call with its repeats, in seconds; after it the last refusal is thrown. Default: 20.</summary>
    [Range(0.1, 300)]
    public double CallSeconds { get; set; } = 20;

    /// <summary>Time that a canceled call may take to interrupt its run, in seconds. Default: 5.</summary>
    [Range(0.1, 60)]
    public double InterruptSeconds { get; set; } = 5;

    /// <summary>Bytes of all texts in one <see cref="RunResult"/>, in UTF-16; more fails the call. Default: 64 MiB.</summary>
    [Range(1_024, int.MaxValue)]
    public int MaxResultBytes { get; set; } = 64 * 1024 * 1024;
}

[OptionsValidator]
internal sealed partial class GrainClientOptionsValidator : IValidateOptions<GrainClientOptions>;
