namespace Podflare.Components;

/// <summary>The status of a component, from best to worst. The last two are not faults.</summary>
internal enum ComponentStatus
{
    Operational,
    DegradedPerformance,
    PartialOutage,
    MajorOutage,
    UnderMaintenance,

    /// <summary>Not measured, for example because this process was not running. It is never shown as operational and never counted as uptime.</summary>
    NoData,
}
