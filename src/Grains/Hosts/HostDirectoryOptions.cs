using System.ComponentModel.DataAnnotations;

namespace Podflare.Hosts;

/// <summary>How a process knows the hosts, and how many it asks for a new sandbox. Section <c>Podflare:Directory</c>.</summary>
public sealed class HostDirectoryOptions
{
    public const string Section = "Podflare:Directory";

    /// <summary>Time between two questions to each host, in seconds. Default: 1.</summary>
    [Range(0.05, 60)]
    public double PeriodSeconds { get; set; } = 1;

    /// <summary>Time that a host has to answer a question about its load or its list, in seconds. Default: 2.</summary>
    [Range(0.05, 20)]
    public double AnswerSeconds { get; set; } = 2;

    /// <summary>Age at which a load no longer counts, in seconds: the host gets no new sandbox. Default: 5.</summary>
    [Range(1, 300)]
    public double StaleSeconds { get; set; } = 5;

    /// <summary>Hosts that are asked for one create. Default: 3.</summary>
    [Range(1, 16)]
    public int MaxHosts { get; set; } = 3;

    /// <summary>Time that the last of them may let a create wait for a free slot, in seconds. Default: 10.</summary>
    [Range(0, 60)]
    public double WaitSeconds { get; set; } = 10;
}
