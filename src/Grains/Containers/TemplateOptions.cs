using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Containers;

/// <summary>The kinds of sandbox that this host offers, by name. Section <c>Podflare:Templates</c>.</summary>
/// <remarks><c>default</c> is always there; settings of that name change it.</remarks>
public sealed class TemplateOptions : Dictionary<string, Template>
{
    public const string Section = "Podflare:Templates";

    public const string Default = "default";

    /// <summary>Begins with <c>default</c> alone: image <c>podflare/default:local</c> and the limits of <see cref="Template"/>.</summary>
    public TemplateOptions() : base(StringComparer.Ordinal) => this[Default] = new Template { Image = "podflare/default:local" };
}

/// <summary>Image and limits of the sandboxes of one kind. Memory includes what is written to home and <c>/tmp</c>.</summary>
public sealed class Template
{
    /// <summary>Name of an image on this host that has <c>python3</c>; it is never pulled.</summary>
    [Required, MaxLength(255)]
    public string Image { get; set; } = "";

    /// <summary>OCI runtime of the engine, such as <c>runsc</c>. Default: the engine's own.</summary>
    [RegularExpression("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    public string? Runtime { get; set; }

    /// <summary>Memory in MiB, swap included. Default: 512.</summary>
    [Range(64, 1024 * 1024)]
    public int MemoryMib { get; set; } = 512;

    /// <summary>CPUs, of which a part will do. Default: 1.</summary>
    [Range(0.05, 1024)]
    public double Cpus { get; set; } = 1;

    /// <summary>Processes and threads, the guest's own two included. Default: 128.</summary>
    [Range(8, 32_768)]
    public int Pids { get; set; } = 128;

    /// <summary>Size of the home <c>/root</c> in MiB. Default: 256.</summary>
    [Range(1, 1024 * 1024)]
    public int HomeMib { get; set; } = 256;

    /// <summary>Size of <c>/tmp</c> in MiB. Default: 64.</summary>
    [Range(1, 1024 * 1024)]
    public int TmpMib { get; set; } = 64;
}
