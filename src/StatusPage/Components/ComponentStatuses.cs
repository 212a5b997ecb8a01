namespace Podflare.Components;

/// <summary>Codes, labels and impacts of component statuses.</summary>
internal static class ComponentStatuses
{
    extension(ComponentStatus status)
    {
        public string Code => status switch
        {
            ComponentStatus.Operational => "operational",
            ComponentStatus.DegradedPerformance => "degraded_performance",
            ComponentStatus.PartialOutage => "partial_outage",
            ComponentStatus.MajorOutage => "major_outage",
            ComponentStatus.UnderMaintenance => "under_maintenance",
            _ => "no_data",
        };

        public string Label => status switch
        {
            ComponentStatus.Operational => "Operational",
            ComponentStatus.DegradedPerformance => "Degraded performance",
            ComponentStatus.PartialOutage => "Partial outage",
            ComponentStatus.MajorOutage => "Major outage",
            ComponentStatus.UnderMaintenance => "Under maintenance",
            _ => "No data",
        };

        public Impact Impact => status switch
        {
            ComponentStatus.DegradedPerformance => Impact.Minor,
            ComponentStatus.PartialOutage => Impact.Major,
            ComponentStatus.MajorOutage => Impact.Critical,
            _ => Impact.None,
        };

        public bool IsFault => status is ComponentStatus.DegradedPerformance or ComponentStatus.PartialOutage or ComponentStatus.MajorOutage;
    }

    /// <summary>The order in which statuses win when several are combined: any fault, maintenance, operational, no data.</summary>
    public static int Severity(ComponentStatus status) => status switch
    {
        ComponentStatus.NoData => 0,
        ComponentStatus.Operational => 1,
        ComponentStatus.UnderMaintenance => 2,
        _ => 2 + (int)status,
    };

    /// <summary>Parses a status that an operator may set.</summary>
    public static ComponentStatus? Parse(string? code) => code switch
    {
        "operational" => ComponentStatus.Operational,
        "degraded_performance" => ComponentStatus.DegradedPerformance,
        "partial_outage" => ComponentStatus.PartialOutage,
        "major_outage" => ComponentStatus.MajorOutage,
        "under_maintenance" => ComponentStatus.UnderMaintenance,
        _ => null,
    };
}
