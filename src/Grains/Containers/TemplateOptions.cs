using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Containers;

/// <summary>The kinds of sandbox that this host offers, by name. Section <c>Podflare:Templates</c>.</summary>
/// <remarks><c>default</c>, <c>python-datasci</c>, <c>e2b</c> and <c>e2b-datasci</c> are always there; settings of these names change them.</remarks>
public sealed class TemplateOptions : Dictionary<string, Template>
{
    public const string Section = "Podflare:Templates";

    public const string Default = "default";
    public const string DataScience = "python-datasci";

    /// <summary>For code that was written for E2B.</summary>
    public const string E2b = "e2b";

    /// <summary>As <see cref="E2b"/>, with the modules of <see cref="DataScience"/>.</summary>
    public const string E2bDataScience = "e2b-datasci";

    private const string E2bHome = "/home/user";

    /// <summary>Begins with those whose images this repository describes.</summary>
    public TemplateOptions() : base(StringComparer.Ordinal)
    {
        this[Default] = new Template { Image = "podflare/default:local", PoolMin = 2, PoolMax = null };
        this[DataScience] = new Template { Image = "podflare/python-datasci:local", MemoryMib = 1024, Preload = "numpy,pandas,matplotlib.pyplot", PoolMax = 4 };
        this[E2b] = new Template { Image = "podflare/e2b:local", Home = E2bHome, PoolMax = 4 };
        this[E2bDataScience] = new Template { Image = "podflare/e2b-datasci:local", Home = E2bHome, MemoryMib = 1024, Preload = this[DataScience].Preload, PoolMax = 4 };
    }
}

/// <summary>Image and limits of the sandboxes of one kind. Memory includes what is written to home and <c>/tmp</c>.</summary>
public sealed class Template
{
    internal const string DefaultHome = "/root";

    /// <summary>Name of an image on this host that has <c>python3</c>; it is never pulled.</summary>
    [Required, MaxLength(255)]
    public string Image { get; set; } = "";

    /// <summary>OCI runtime of the engine, such as <c>runsc</c>; one of <see cref="EngineOptions.Runtimes"/>. Default: the engine's own.</summary>
    [RegularExpression("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    public string? Runtime { get; set; }

    /// <summary>Memory in MiB, swap included. Default: 512.</summary>
    [Range(64, 1024 * 1024)]
    public int MemoryMib { get; set; } = 512;

    /// <summary>The most that <c>ram_mib</c> of a create may ask for, in MiB; more is brought down with a warning. Default: <see cref="MemoryMib"/>.</summary>
    [Range(64, 1024 * 1024)]
    public int? MaxMemoryMib { get; set; }

    /// <summary>CPUs, of which a part will do. Default: 1.</summary>
    [Range(0.05, 1024)]
    public double Cpus { get; set; } = 1;

    /// <summary>Processes and threads, the guest's own two included. Default: 128.</summary>
    [Range(8, 32_768)]
    public int Pids { get; set; } = 128;

    /// <summary>Home of the sandbox's user: an absolute path, for which the image must be made. Default: <c>/root</c>.</summary>
    [Required, RegularExpression("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*){1,8}$"), MaxLength(128)]
    public string Home { get; set; } = DefaultHome;

    /// <summary>Size of the home in MiB. Default: 256.</summary>
    [Range(1, 1024 * 1024)]
    public int HomeMib { get; set; } = 256;

    /// <summary>The most that <c>rootfs_gb</c> of a create may ask for, in MiB; more is brought down with a warning. Default: <see cref="HomeMib"/>.</summary>
    [Range(1, 1024 * 1024)]
    public int? MaxHomeMib { get; set; }

    /// <summary>Size of <c>/tmp</c> in MiB. Default: 64.</summary>
    [Range(1, 1024 * 1024)]
    public int TmpMib { get; set; } = 64;

    /// <summary>Size of <c>/dev/shm</c> in MiB, where programs put shared memory. Default: a quarter of the sandbox's memory. Never more than three quarters of what a full home and a full <c>/tmp</c> leave.</summary>
    [Range(1, 1024 * 1024)]
    public int? ShmMib { get; set; }

    /// <summary>Python modules that a REPL imports before it is ready, separated by commas, such as <c>numpy,pandas</c>. Default: none.</summary>
    [MaxLength(1024), RegularExpression("^([A-Za-z_][A-Za-z0-9_]*([.,][A-Za-z_][A-Za-z0-9_]*)*)?$")]
    public string Preload { get; set; } = "";

    /// <summary>Containers that wait ready on each host however few are claimed. Default: 0; of <c>default</c> 2.</summary>
    [Range(0, 1_000)]
    public int PoolMin { get; set; }

    /// <summary>Containers that wait ready on each host at most; 0 starts every one when it is claimed. Without it demand asks for 16 at most, and the host's <c>PoolMemoryShare</c> bounds all. Default: 8; of <c>default</c> none, of <c>python-datasci</c>, <c>e2b</c> and <c>e2b-datasci</c> 4.</summary>
    [Range(0, 1_000)]
    public int? PoolMax { get; set; } = 8;

    /// <summary>A create may have a way out to the network, where the server offers that at all. Default: true.</summary>
    public bool Egress { get; set; } = true;

    /// <summary>Programs can send OpenTelemetry data to <c>http://127.0.0.1:4318</c>, where the relay is enabled at all. Default: true.</summary>
    public bool Relay { get; set; } = true;
}
