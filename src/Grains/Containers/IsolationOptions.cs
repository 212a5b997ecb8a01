using System.ComponentModel.DataAnnotations;

namespace Podflare.Containers;

/// <summary>The layers that separate sandboxes from the host and from each other. Section <c>Podflare:Isolation</c>.</summary>
public sealed class IsolationOptions
{
    public const string Section = "Podflare:Isolation";

    /// <summary>Layers without which this host accepts no sandboxes. Default: <c>seccomp</c>, <c>capabilities</c>, <c>no_new_privileges</c>, <c>user</c>, <c>readonly_root</c>, <c>network</c>, <c>memory</c>, <c>pids</c> and <c>cpu</c>.</summary>
    [MaxLength(16)]
    public List<string>? Required { get; set; }

    /// <summary>File with the seccomp profile of all sandboxes, in the engine's JSON format. <c>unconfined</c> is not accepted. Default: the profile that is part of the program.</summary>
    [MaxLength(4096)]
    public string? SeccompProfile { get; set; }

    /// <summary>AppArmor profile of all sandboxes; <c>auto</c> is the engine's own. <c>unconfined</c> is not accepted. Default: <c>auto</c>.</summary>
    [Required, RegularExpression("^[A-Za-z0-9][A-Za-z0-9_./-]{0,127}$")]
    public string AppArmorProfile { get; set; } = "auto";

    /// <summary>The first user number that this host gives to its sandboxes, one to each. With userns-remap a number below 65,534, such as 20,000. Default: a block of the range 1,879,048,192 to 2,147,352,575, chosen by the host id.</summary>
    [Range(10_000, 2_147_352_575)]
    public int? FirstUser { get; set; }

    /// <summary>How many user numbers this host uses, more than its slots. Default: 16,384.</summary>
    [Range(64, 1_048_576)]
    public int Users { get; set; } = 16_384;
}
