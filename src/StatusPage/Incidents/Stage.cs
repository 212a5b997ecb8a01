namespace Podflare.Incidents;

/// <summary>The stage of an incident (the first five members) or of a maintenance (the last four).</summary>
internal enum Stage
{
    Investigating,
    Identified,
    Monitoring,
    Resolved,
    Postmortem,
    Scheduled,
    InProgress,
    Verifying,
    Completed,
}

internal enum IncidentKind
{
    Incident,
    Maintenance,
}

internal static class Stages
{
    extension(Stage stage)
    {
        public string Code => stage == Stage.InProgress ? "in_progress" : stage.ToString().ToLowerInvariant();

        public string Label => stage == Stage.InProgress ? "In progress" : stage.ToString();

        public bool IsOver => stage is Stage.Resolved or Stage.Postmortem or Stage.Completed;
    }

    /// <summary>Parses a stage that an operator may set on an incident.</summary>
    public static Stage? ParseIncident(string? code) => code switch
    {
        "investigating" => Stage.Investigating,
        "identified" => Stage.Identified,
        "monitoring" => Stage.Monitoring,
        "resolved" => Stage.Resolved,
        "postmortem" => Stage.Postmortem,
        _ => null,
    };
}
