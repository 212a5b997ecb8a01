namespace Podflare.Containers;

/// <summary>Files and folders of the kernel that a sandbox finds empty.</summary>
internal static class MaskedFiles
{
    // loadavg, meminfo, stat and vmstat stay: the guest and psutil need them.
    public static IReadOnlyList<string> Paths { get; } =
    [
        // What engines hide by themselves. A list of our own replaces theirs.
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
        "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",

        // How the host is built, what it is busy with, and how it was started.
        "/proc/buddyinfo", "/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/kallsyms", "/proc/locks", "/proc/modules", "/proc/partitions", "/proc/pressure",
        "/proc/slabinfo", "/proc/zoneinfo", "/sys/block", "/sys/class/powercap",
    ];
}
