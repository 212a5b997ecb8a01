using System.ComponentModel.DataAnnotations;

namespace Podflare.Processes;

/// <summary>What a process does in the cluster.</summary>
public enum ProcessRole
{
    /// <summary>Both, in one process.</summary>
    All,

    /// <summary>HTTP; no sandbox lives here.</summary>
    Frontend,

    /// <summary>Sandboxes; no HTTP API.</summary>
    Worker,
}

/// <summary>The process's place in the cluster. Section <c>Podflare</c>.</summary>
public sealed class PodflareOptions
{
    public const string Section = "Podflare";

    /// <summary>What the process does: <c>All</c>, <c>Frontend</c> or <c>Worker</c>. Default: <see cref="ProcessRole.All"/> without Redis; with it, what the program is (Silo: worker, Frontend: frontend).</summary>
    public ProcessRole? Role { get; set; }

    /// <summary>Name of the cluster; containers carry it as a label. Default: <c>podflare</c> with Redis, else derived from the run folder.</summary>
    [RegularExpression("^[a-z0-9][a-z0-9-]{0,62}$")]
    public string? ClusterId { get; set; }

    /// <summary>Folder for lock, host id, guest copy and sockets. At most 60 characters: socket paths end at 107 bytes.</summary>
    [Required, MaxLength(60)]
    public string RunFolder { get; set; } = "/var/lib/podflare";

    /// <summary>Name of this container host, 8 lower-case hex digits. Default: drawn once and kept in the run folder.</summary>
    [RegularExpression("^[0-9a-f]{8}$")]
    public string? HostId { get; set; }

    /// <summary>TCP port for other silos. Default: 11111 with Redis; a free port without.</summary>
    [Range(1, 65535)]
    public int? SiloPort { get; set; }

    /// <summary>TCP port for Orleans clients. A process without Redis has none. Default: 30000.</summary>
    [Range(1, 65535)]
    public int? GatewayPort { get; set; }

    /// <summary>The address at which other silos reach this one. Default: the loopback address.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>For how many seconds a starting silo lets others join the cluster before it. 0 to 60; 0 waits for none.</summary>
    [Range(0, 60)]
    public int JoinWaitSeconds { get; set; } = 5;
}
