using Podflare.Components;
using Podflare.Incidents;

namespace Podflare.IncidentManagement;

/// <summary>The input of automation for one component.</summary>
/// <param name="Since">The time from which the probed status applies.</param>
/// <param name="Muted">The component is pinned manually, under maintenance, or part of an incident that an operator resolved recently.</param>
internal sealed record MonitoredComponent(string Id, string Name, ComponentStatus Probed, DateTimeOffset Since, string? Cause, bool Muted)
{
    public bool IsBad => !Muted && Probed.IsFault;

    public bool IsGood => !Muted && Probed == ComponentStatus.Operational;
}

/// <param name="Share">Components whose failures start within this time of each other share an incident.</param>
/// <param name="ResolveAfter">The time without failures after which an incident is resolved.</param>
/// <param name="NoticeGap">The minimum time between two notifications of one incident, apart from "created" and "resolved".</param>
internal sealed record AutomationRules(TimeSpan Share, TimeSpan ResolveAfter, TimeSpan NoticeGap);

/// <summary>One change that automation requests.</summary>
internal abstract record AutomationStep
{
    internal sealed record Open(IReadOnlyList<MonitoredComponent> Components, DateTimeOffset StartedAt) : AutomationStep;

    /// <param name="Changes">Components whose probed status the update reports.</param>
    internal sealed record Update(Incident Incident, Stage Stage, string Body, IReadOnlyList<MonitoredComponent> Changes, bool Notify) : AutomationStep;

    /// <summary>A note that only operators see, because an operator has taken over the incident.</summary>
    internal sealed record PrivateNote(Incident Incident, string Body, IReadOnlyList<MonitoredComponent> Changes) : AutomationStep;

    internal sealed record SetHealthySince(Incident Incident, DateTimeOffset? Since) : AutomationStep;
}

/// <summary>Decides which changes automation makes to incidents. A pure function of the current state; once its changes are applied, it requests no more.</summary>
internal static class Automation
{
    public static List<AutomationStep> Plan(IReadOnlyList<MonitoredComponent> components, IReadOnlyList<Incident> open, AutomationRules rules, DateTimeOffset now)
    {
        var steps = new List<AutomationStep>();
        var byId = components.ToDictionary(c => c.Id);
        var free = components.Where(c => c.IsBad && !open.Any(i => i.ReportedStatuses.ContainsKey(c.Id))).ToList();
        foreach (var incident in open)
        {
            var joining = free.Where(c => JoinsIncident(c, incident, byId, rules)).ToArray();
            free.RemoveAll(joining.Contains);
            steps.AddRange(PlanFor(incident, joining, byId, rules, now));
        }

        if (free.Count > 0) steps.Add(new AutomationStep.Open(free, free.Min(c => c.Since)));
        return steps;
    }

    private static bool JoinsIncident(MonitoredComponent component, Incident incident, Dictionary<string, MonitoredComponent> byId, AutomationRules rules) =>
        (component.Since - incident.StartedAt).Duration() <= rules.Share
        // Nothing else can work while the API is out completely.
        || (incident.ReportedStatuses.ContainsKey(Ids.Api) && byId.TryGetValue(Ids.Api, out var api) && api.Probed == ComponentStatus.MajorOutage);

    private static IEnumerable<AutomationStep> PlanFor(
        Incident incident, MonitoredComponent[] joining, Dictionary<string, MonitoredComponent> byId, AutomationRules rules, DateTimeOffset now)
    {
        var own = incident.ReportedStatuses.Keys.Where(byId.ContainsKey).Select(id => byId[id]).ToArray();
        var changes = own.Where(c => (c.IsBad || c.IsGood) && incident.ReportedStatuses[c.Id] != c.Probed).Concat(joining).ToArray();
        var members = own.Concat(joining).ToArray();
        if (members.Length == 0) yield break;
        var anyBad = members.Any(c => c.IsBad);
        var allGood = members.All(c => c.IsGood);
        if (incident.ByHuman)
        {
            if (changes.Length > 0) yield return new AutomationStep.PrivateNote(incident, "Automated checks: " + Describe(changes) + ".", changes);
            yield break;
        }

        var stage = incident.Stage;
        if (anyBad && stage == Stage.Monitoring) stage = Stage.Investigating;
        else if (allGood && (stage == Stage.Investigating || stage == Stage.Identified)) stage = Stage.Monitoring;
        if (stage != incident.Stage || changes.Length > 0)
        {
            var notify = incident.LastNotifiedAt is not { } noticed || now - noticed >= rules.NoticeGap;
            yield return new AutomationStep.Update(incident, stage, Body(stage, incident.Stage, changes), changes, notify);
        }

        if (stage == Stage.Monitoring && allGood)
        {
            if (incident.HealthySince is not { } clean) yield return new AutomationStep.SetHealthySince(incident, now);
            else if (now - clean >= rules.ResolveAfter)
                yield return new AutomationStep.Update(incident, Stage.Resolved, $"All automated checks have passed for {FormatDuration(rules.ResolveAfter)}. This incident is resolved.", [], Notify: true);
        }
        else if (incident.HealthySince is not null)
        {
            yield return new AutomationStep.SetHealthySince(incident, null);
        }
    }

    private static string Body(Stage stage, Stage before, IReadOnlyList<MonitoredComponent> changes) => (stage, before) switch
    {
        (Stage.Monitoring, not Stage.Monitoring) => "Automated checks are passing again" + (changes.Count > 0 ? ": " + Describe(changes) : "") + ". We are monitoring the result.",
        (Stage.Investigating, Stage.Monitoring) => "Automated checks are failing again: " + Describe(changes) + ".",
        _ => "Automated checks: " + Describe(changes) + ".",
    };

    public static string OpeningBody(IReadOnlyList<MonitoredComponent> components) => "Automated checks are failing: " + Describe(components) + ". We are investigating.";

    public static string Title(IReadOnlyList<MonitoredComponent> components)
    {
        var worst = components.Select(c => c.Probed).MaxBy(ComponentStatuses.Severity);
        return $"{worst.Label}: {string.Join(", ", components.Select(c => c.Name))}";
    }

    private static string Describe(IEnumerable<MonitoredComponent> components) => string.Join("; ", components.Select(c =>
        $"{c.Name}: {(c.Probed == ComponentStatus.Operational ? "operational" : c.Probed.Label.ToLowerInvariant())}{DescribeCause(c)}"));

    private static string DescribeCause(MonitoredComponent component) => component.Cause switch
    {
        "dns" => " (the name does not resolve)",
        "connect" => " (no connection)",
        "tls" => " (TLS failure)",
        "timeout" => " (timeout)",
        "http_5xx" => " (server errors)",
        "no_capacity" => " (no capacity)",
        "wrong_output" => " (wrong responses)",
        "slow" => " (slow responses)",
        _ => "",
    };

    private static string FormatDuration(TimeSpan time) => time >= TimeSpan.FromMinutes(1)
        ? $"{(int)time.TotalMinutes} minute{((int)time.TotalMinutes == 1 ? "" : "s")}"
        : $"{(int)time.TotalSeconds} seconds";
}
