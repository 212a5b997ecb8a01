using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Containers;

/// <summary>The container engine of this host. Section <c>Podflare:Engine</c>.</summary>
public sealed class EngineOptions
{
    public const string Section = "Podflare:Engine";

    /// <summary>The engine's API: a <c>unix://</c> path of at most 107 bytes, or <c>tcp://</c> without TLS. Default: <c>unix:///var/run/docker.sock</c>.</summary>
    [Required, RegularExpression("^(unix:///.{1,106}|tcp://.+)$")]
    public string Endpoint { get; set; } = "unix:///var/run/docker.sock";

    /// <summary>Version of the engine's API, such as 1.41 (the oldest that will do). Default: the engine's own.</summary>
    [RegularExpression("^1\\.[0-9]{2}$")]
    public string? ApiVersion { get; set; }

    /// <summary>OCI runtimes that templates may name. The engine must know them. Default: none, so that only the engine's own is used.</summary>
    [MaxLength(16)]
    public List<string> Runtimes { get; set; } = [];

    /// <summary>OCI runtime of templates that name none; the engine must know it. <c>crun</c> starts and ends containers with a fraction of the CPU time of <c>runc</c>; it needs control groups of version 2. Default: the engine's own.</summary>
    [RegularExpression("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    public string? DefaultRuntime { get; set; }

    /// <summary>Time for the engine to make a container, and again to start it, in seconds. Default: 15.</summary>
    [Range(0.1, 300)]
    public double StartSeconds { get; set; } = 15;

    /// <summary>Time for one removal, in seconds; it is tried three times. Default: 15.</summary>
    [Range(0.1, 300)]
    public double RemoveSeconds { get; set; } = 15;

    /// <summary>Pause before a removal is tried again, in seconds. Default: 0.2.</summary>
    [Range(0, 60)]
    public double RemovePauseSeconds { get; set; } = 0.2;

    /// <summary>Time for a list of containers, in seconds. Default: 10.</summary>
    [Range(0.1, 300)]
    public double ListSeconds { get; set; } = 10;

    /// <summary>Deaths that wait for their reader; more ends the stream, and the reader lists anew. Default: 1,024.</summary>
    [Range(1, 1_000_000)]
    public int MaxPendingDeaths { get; set; } = 1_024;
}

[OptionsValidator]
internal sealed partial class EngineOptionsValidator : IValidateOptions<EngineOptions>;
