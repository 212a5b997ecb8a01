using System.ComponentModel.DataAnnotations;

namespace Podflare.IncidentManagement;

/// <summary>When automation speaks.</summary>
internal sealed class IncidentOptions
{
    public const string Section = "Status:Incidents";

    /// <summary>Failed samples in a row after which a target is down. Default: 3.</summary>
    [Range(1, 100)] public int FailuresInRow { get; set; } = 3;

    /// <summary>Good samples in a row after which it is up again. Default: 3.</summary>
    [Range(1, 100)] public int GoodInRow { get; set; } = 3;

    /// <summary>Seconds without a failed check after which an incident is resolved. Default: 900.</summary>
    [Range(0, 86400)] public double ResolveAfterSeconds { get; set; } = 900;

    /// <summary>Components that begin to fail within so many seconds share an incident. Default: 120.</summary>
    [Range(0, 86400)] public double ShareSeconds { get; set; } = 120;

    /// <summary>Between "created" and "resolved" of one incident subscribers hear at most once in so many seconds. Default: 1800.</summary>
    [Range(0, 86400)] public double NoticeGapSeconds { get; set; } = 1800;

    /// <summary>Seconds for which automation opens nothing after a person has resolved. Default: 1800.</summary>
    [Range(0, 86400)] public double HumanQuietSeconds { get; set; } = 1800;

    /// <summary>Seconds before a maintenance at which subscribers are reminded. Default: 3600.</summary>
    [Range(0, 604800)] public double ReminderSeconds { get; set; } = 3600;

    public AutomationRules Rules => new(
        TimeSpan.FromSeconds(ShareSeconds), TimeSpan.FromSeconds(ResolveAfterSeconds), TimeSpan.FromSeconds(NoticeGapSeconds));
}
