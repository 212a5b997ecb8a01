using Podflare.Components;
using Podflare.Incidents;

namespace Podflare.IncidentManagement;

/// <summary>A component as automation sees it.</summary>
/// <param name="Since">From when the probes say so.</param>
/// <param name="Muted">Pinned by hand, under maintenance, or just resolved by a person.</param>
internal sealed record MonitoredComponent(string Id, string Name, ComponentStatus Probed, DateTimeOffset Since, string? Cause, bool Muted)
{
    public bool IsBad => !Muted && Probed.IsFault;

    public bool IsGood => !Muted && Probed == ComponentStatus.Operational;
}

/// <param name="Share">Components that begin to fail within this time share an incident.</param>
/// <param name="ResolveAfter">So long clean, and it is resolved.</param>
/// <param name="NoticeGap">Between "created" and "resolved" subscribers hear at most this often.</param>
internal sealed record AutomationRules(TimeSpan Share, TimeSpan ResolveAfter, TimeSpan NoticeGap);

/// <summary>One thing that automation wants done.</summary>
internal abstract record AutomationStep
{
    internal sealed record Open(IReadOnlyList<MonitoredComponent> Components, DateTimeOffset StartedAt) : AutomationStep;

    /// <param name="Changes">Components whose probed status the update tells.</param>
    internal sealed record Update(Incident Incident, Stage Stage, string Body, IReadOnlyList<MonitoredComponent> Changes, bool Notify) : AutomationStep;

    /// <summary>For operators only: a person has the incident.</summary>
    internal sealed record PrivateNote(Incident Incident, string Body, IReadOnlyList<MonitoredComponent> Changes) : AutomationStep;

    internal sealed record SetHealthySince(Incident Incident, DateTimeOffset? Since) : AutomationStep;
}

/// <summary>What automation does about incidents, from what is: run twice it does nothing the second time. Pure.</summary>
internal static class Automation
{
    public static List<AutomationStep> Plan(IReadOnlyList<MonitoredComponent> components, IReadOnlyList<Incident> open, AutomationRules rules, DateTimeOffset now)
    {
        var steps = new List<AutomationStep>();
        var byId = components.ToDictionary(c => c.Id);
        var free = components.Where(c => c.IsBad && !open.Any(i => i.ReportedStatuses.ContainsKey(c.Id))).ToList();
        foreach (var incident in open)
        {
            var joining = free.Where(c => Joins(c, incident, byId, rules)).ToArray();
            free.RemoveAll(joining.Contains);
            steps.AddRange(PlanFor(incident, joining, byId, rules, now));
        }

        if (free.Count > 0) steps.Add(new AutomationStep.Open(free, free.Min(c => c.Since)));
        return steps;
    }

    private static bool Joins(MonitoredComponent component, Incident incident, Dictionary<string, MonitoredComponent> byId, AutomationRules rules) =>
        (component.Since - incident.StartedAt).Duration() <= rules.Share
        // Nothing else can work while the API does not answer at all.
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
        (Stage.Monitoring, not Stage.Monitoring) => "Automated checks pass again" + (changes.Count > 0 ? ": " + Describe(changes) : "") + ". We are watching.",
        (Stage.Investigating, Stage.Monitoring) => "Automated checks fail again: " + Describe(changes) + ".",
        _ => "Automated checks: " + Describe(changes) + ".",
    };

    public static string OpeningBody(IReadOnlyList<MonitoredComponent> components) => "Automated checks fail: " + Describe(components) + ". We are investigating.";

    public static string Title(IReadOnlyList<MonitoredComponent> components)
    {
        var worst = components.Select(c => c.Probed).MaxBy(ComponentStatuses.Weight);
        return $"{worst.Label}: {string.Join(", ", components.Select(c => c.Name))}";
    }

    private static string Describe(IEnumerable<MonitoredComponent> components) => string.Join("; ", components.Select(c =>
        $"{c.Name}: {(c.Probed == ComponentStatus.Operational ? "operational" : c.Probed.Label.ToLowerInvariant())}{DescribeCause(c)}"));

    private static string DescribeCause(MonitoredComponent component) => component.Cause switch
    {
        "dns" => " (its name does not resolve)",
        "connect" => " (no connection)",
        "tls" => " (no secure connection)",
        "timeout" => " (no answer in time)",
        "http_5xx" => " (server errors)",
        "no_capacity" => " (no capacity)",
        "wrong_output" => " (wrong answers)",
        "slow" => " (slow answers)",
        _ => "",
    };

    private static string FormatDuration(TimeSpan time) => time >= TimeSpan.FromMinutes(1)
        ? $"{(int)time.TotalMinutes} minute{((int)time.TotalMinutes == 1 ? "" : "s")}"
        : $"{(int)time.TotalSeconds} seconds";
}
