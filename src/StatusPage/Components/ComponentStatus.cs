namespace Podflare.Components;

/// <summary>What a component is at a time, from best to worst; the last two are no fault.</summary>
internal enum ComponentStatus
{
    Operational,
    DegradedPerformance,
    PartialOutage,
    MajorOutage,
    UnderMaintenance,

    /// <summary>Nobody knows: not measured, or we slept. Never shown as green and never counted.</summary>
    NoData,
}
