using System.ComponentModel.DataAnnotations;

namespace Podflare.IncidentManagement;

/// <summary>Settings of automation.</summary>
internal sealed class IncidentOptions
{
    public const string Section = "Status:Incidents";

    /// <summary>Consecutive failed samples after which a target is down. Default: 3.</summary>
    [Range(1, 100)] public int FailuresInRow { get; set; } = 3;

    /// <summary>Consecutive successful samples after which it is up again. Default: 3.</summary>
    [Range(1, 100)] public int GoodInRow { get; set; } = 3;

    /// <summary>Seconds without a failed check after which an incident is resolved. Default: 900.</summary>
    [Range(0, 86400)] public double ResolveAfterSeconds { get; set; } = 900;

    /// <summary>Components whose failures start within this many seconds of each other share an incident. Default: 120.</summary>
    [Range(0, 86400)] public double ShareSeconds { get; set; } = 120;

    /// <summary>The minimum number of seconds between two notifications of one incident, apart from "created" and "resolved". Default: 1800.</summary>
    [Range(0, 86400)] public double NoticeGapSeconds { get; set; } = 1800;

    /// <summary>Seconds for which automation opens no incident for the same components after an operator resolved one. Default: 1800.</summary>
    [Range(0, 86400)] public double HumanQuietSeconds { get; set; } = 1800;

    /// <summary>Seconds before the start of a maintenance at which subscribers get a reminder. Default: 3600.</summary>
    [Range(0, 604800)] public double ReminderSeconds { get; set; } = 3600;

    public AutomationRules Rules => new(
        TimeSpan.FromSeconds(ShareSeconds), TimeSpan.FromSeconds(ResolveAfterSeconds), TimeSpan.FromSeconds(NoticeGapSeconds));
}
