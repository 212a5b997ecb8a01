using System.ComponentModel.DataAnnotations;

namespace Podflare.Hosts;

/// <summary>How a frontend knows the hosts. Section <c>Podflare:Directory</c>.</summary>
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
}
