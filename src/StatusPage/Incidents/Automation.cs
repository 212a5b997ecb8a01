using Podflare.Components;

namespace Podflare.Incidents;

/// <summary>A component as automation sees it.</summary>
/// <param name="Since">From when the probes say so.</param>
/// <param name="Muted">Pinned by hand, under maintenance, or just resolved by a person.</param>
internal sealed record Watched(string Id, string Name, ComponentStatus Probed, DateTimeOffset Since, string? Cause, bool Muted)
{
    public bool IsBad => !Muted && Probed.IsFault;

    public bool IsGood => !Muted && Probed == ComponentStatus.Operational;
}

/// <param name="Share">Components that begin to fail within this time share an incident.</param>
/// <param name="ResolveAfter">So long clean, and it is resolved.</param>
/// <param name="NoticeGap">Between "created" and "resolved" subscribers hear at most this often.</param>
internal sealed record AutomationRules(TimeSpan Share, TimeSpan ResolveAfter, TimeSpan NoticeGap);

/// <summary>One thing that automation wants done.</summary>
internal abstract record Step
{
    internal sealed record Open(IReadOnlyList<Watched> Components, DateTimeOffset StartedAt) : Step;

    /// <param name="Changes">Components whose probed status the update tells.</param>
    internal sealed record Update(Incident Incident, Stage Stage, string Body, IReadOnlyList<Watched> Changes, bool Notify) : Step;

    /// <summary>For operators only: a person has the incident.</summary>
    internal sealed record Note(Incident Incident, string Body, IReadOnlyList<Watched> Changes) : Step;

    internal sealed record Clean(Incident Incident, DateTimeOffset? Since) : Step;
}

/// <summary>What automation does about incidents, from what is: run twice it does nothing the second time. Pure.</summary>
internal static class Automation
{
    public static List<Step> Plan(IReadOnlyList<Watched> components, IReadOnlyList<Incident> open, AutomationRules rules, DateTimeOffset now)
    {
        var steps = new List<Step>();
        var byId = components.ToDictionary(c => c.Id);
        var free = components.Where(c => c.IsBad && !open.Any(i => i.Seen.ContainsKey(c.Id))).ToList();
        foreach (var incident in open)
        {
            var joining = free.Where(c => Joins(c, incident, byId, rules)).ToArray();
            free.RemoveAll(joining.Contains);
            steps.AddRange(Tend(incident, joining, byId, rules, now));
        }

        if (free.Count > 0) steps.Add(new Step.Open(free, free.Min(c => c.Since)));
        return steps;
    }

    private static bool Joins(Watched component, Incident incident, Dictionary<string, Watched> byId, AutomationRules rules) =>
        (component.Since - incident.StartedAt).Duration() <= rules.Share
        // Nothing else can work while the API does not answer at all.
        || (incident.Seen.ContainsKey(Ids.Api) && byId.TryGetValue(Ids.Api, out var api) && api.Probed == ComponentStatus.MajorOutage);

    private static IEnumerable<Step> Tend(
        Incident incident, Watched[] joining, Dictionary<string, Watched> byId, AutomationRules rules, DateTimeOffset now)
    {
        var own = incident.Seen.Keys.Where(byId.ContainsKey).Select(id => byId[id]).ToArray();
        var changes = own.Where(c => (c.IsBad || c.IsGood) && incident.Seen[c.Id] != c.Probed).Concat(joining).ToArray();
        var members = own.Concat(joining).ToArray();
        if (members.Length == 0) yield break;
        var anyBad = members.Any(c => c.IsBad);
        var allGood = members.All(c => c.IsGood);
        if (incident.ByHuman)
        {
            if (changes.Length > 0) yield return new Step.Note(incident, "Automated checks: " + Tell(changes) + ".", changes);
            yield break;
        }

        var stage = incident.Stage;
        if (anyBad && stage == Stage.Monitoring) stage = Stage.Investigating;
        else if (allGood && (stage == Stage.Investigating || stage == Stage.Identified)) stage = Stage.Monitoring;
        if (stage != incident.Stage || changes.Length > 0)
        {
            var notify = incident.NoticedAt is not { } noticed || now - noticed >= rules.NoticeGap;
            yield return new Step.Update(incident, stage, Body(stage, incident.Stage, changes), changes, notify);
        }

        if (stage == Stage.Monitoring && allGood)
        {
            if (incident.CleanSince is not { } clean) yield return new Step.Clean(incident, now);
            else if (now - clean >= rules.ResolveAfter)
                yield return new Step.Update(incident, Stage.Resolved, $"All automated checks have passed for {Spoken(rules.ResolveAfter)}. This incident is resolved.", [], Notify: true);
        }
        else if (incident.CleanSince is not null)
        {
            yield return new Step.Clean(incident, null);
        }
    }

    private static string Body(Stage stage, Stage before, IReadOnlyList<Watched> changes) => (stage, before) switch
    {
        (Stage.Monitoring, not Stage.Monitoring) => "Automated checks pass again" + (changes.Count > 0 ? ": " + Tell(changes) : "") + ". We are watching.",
        (Stage.Investigating, Stage.Monitoring) => "Automated checks fail again: " + Tell(changes) + ".",
        _ => "Automated checks: " + Tell(changes) + ".",
    };

    public static string Opening(IReadOnlyList<Watched> components) => "Automated checks fail: " + Tell(components) + ". We are investigating.";

    public static string Title(IReadOnlyList<Watched> components)
    {
        var worst = components.Select(c => c.Probed).MaxBy(ComponentStatuses.Weight);
        return $"{worst.Label}: {string.Join(", ", components.Select(c => c.Name))}";
    }

    private static string Tell(IEnumerable<Watched> components) => string.Join("; ", components.Select(c =>
        $"{c.Name}: {(c.Probed == ComponentStatus.Operational ? "operational" : c.Probed.Label.ToLowerInvariant())}{Because(c)}"));

    private static string Because(Watched component) => component.Cause switch
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

    private static string Spoken(TimeSpan time) => time >= TimeSpan.FromMinutes(1)
        ? $"{(int)time.TotalMinutes} minute{((int)time.TotalMinutes == 1 ? "" : "s")}"
        : $"{(int)time.TotalSeconds} seconds";
}
