using System.ComponentModel.DataAnnotations;

namespace Podflare.Hosts;

/// <summary>How a process knows the hosts, and how many it asks for a new sandbox. Section <c>Podflare:Directory</c>.</summary>
public sealed class HostDirectoryOptions
{
    public const string Section = "Podflare:Directory";

    /// <summary>Time between two requests to each host for its load, in seconds. Default: 1.</summary>
    [Range(0.05, 60)]
    public double PeriodSeconds { get; set; } = 1;

    /// <summary>Time that a host has to answer a request for its load or its list, in seconds. Default: 2.</summary>
    [Range(0.05, 20)]
    public double AnswerSeconds { get; set; } = 2;

    /// <summary>Age at which a load no longer counts, in seconds: the host gets no new sandbox. Default: 5.</summary>
    [Range(1, 300)]
    public double StaleSeconds { get; set; } = 5;

    /// <summary>Hosts that are asked for one create. Default: 3.</summary>
    [Range(1, 16)]
    public int MaxHosts { get; set; } = 3;

    /// <summary>Time for which a create may wait at full hosts when none has room, in seconds: they share it, and what one of them does not use goes to the others. Default: 10.</summary>
    [Range(0, 60)]
    public double WaitSeconds { get; set; } = 10;

    /// <summary>Time that a host may take to start a new sandbox, beside the time that the create may wait there, in seconds; then the next host is asked. Default: 5.</summary>
    [Range(0.1, 60)]
    public double ClaimSeconds { get; set; } = 5;
}
