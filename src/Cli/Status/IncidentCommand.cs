using System.CommandLine;
using System.Text.Json.Nodes;

namespace Podflare.Status;

/// <summary><c>podflare incident open|update|resolve|handback|list</c>.</summary>
internal static class IncidentCommand
{
    public static Command Build()
    {
        var command = new Command("incident", "Open, update and resolve incidents on the status page.");
        command.Subcommands.Add(Open());
        command.Subcommands.Add(Update("update", "Add an update; from then on automation adds private notes only.", resolves: false));
        command.Subcommands.Add(Update("resolve", "Resolve an incident.", resolves: true));
        command.Subcommands.Add(HandBack());
        command.Subcommands.Add(List());
        return command;
    }

    private static Command Open()
    {
        var title = new Argument<string>("title") { Description = "One line that readers see first." };
        var body = new Option<string>("--body", "-b") { Description = "What is known.", Required = true };
        var status = new Option<string?>("--status") { Description = "investigating (default), identified or monitoring." };
        var impact = new Option<string?>("--impact") { Description = "none, minor, major or critical; default: from the components." };
        var started = new Option<string?>("--started-at") { Description = "When it began, if not now: 2026-05-01T10:00:00Z." };
        var components = StatusTerminal.Components("COMPONENT=STATUS, as in api=major_outage; may be repeated.");
        var quiet = new Option<bool>("--quiet") { Description = "Notify nobody." };
        var json = StatusTerminal.Json();
        var command = new Command("open", "Open an incident.") { title, body, status, impact, started, components, quiet, json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(result, json, client => client.PostAsync("/admin/api/incidents", new JsonObject
        {
            ["title"] = result.GetValue(title),
            ["body"] = result.GetValue(body),
            ["status"] = result.GetValue(status),
            ["impact"] = result.GetValue(impact),
            ["started_at"] = result.GetValue(started),
            ["components"] = StatusTerminal.Statuses(result.GetValue(components)),
            ["notify"] = !result.GetValue(quiet),
        }, cancellationToken), StatusTerminal.PrintIncident));
        return command;
    }

    private static Command Update(string name, string description, bool resolves)
    {
        var id = new Argument<string>("id") { Description = "The incident, as inc_…" };
        var body = new Option<string?>("--body", "-b") { Description = "What is new.", Required = !resolves };
        var status = new Option<string?>("--status") { Description = "investigating, identified, monitoring, resolved or postmortem; default: as it is.", Hidden = resolves };
        var at = new Option<string?>("--at") { Description = "When it was so, if not now." };
        var components = StatusTerminal.Components("COMPONENT=STATUS; may be repeated.");
        var quiet = new Option<bool>("--quiet") { Description = "Notify nobody." };
        var json = StatusTerminal.Json();
        var command = new Command(name, description) { id, body, status, at, components, quiet, json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(
            result, json, client => client.PostAsync($"/admin/api/incidents/{Uri.EscapeDataString(result.GetValue(id)!)}/updates", new JsonObject
            {
                ["body"] = result.GetValue(body) ?? "This incident is resolved.",
                ["status"] = resolves ? "resolved" : result.GetValue(status),
                ["display_at"] = result.GetValue(at),
                ["components"] = StatusTerminal.Statuses(result.GetValue(components)),
                ["notify"] = !result.GetValue(quiet),
            }, cancellationToken), StatusTerminal.PrintIncident));
        return command;
    }

    private static Command HandBack()
    {
        var id = new Argument<string>("id") { Description = "The incident, as inc_…" };
        var json = StatusTerminal.Json();
        var command = new Command("handback", "Let automation go on with an incident.") { id, json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(
            result, json, client => client.PostAsync($"/admin/api/incidents/{Uri.EscapeDataString(result.GetValue(id)!)}/handback", [], cancellationToken), StatusTerminal.PrintIncident));
        return command;
    }

    private static Command List()
    {
        var all = new Option<bool>("--all") { Description = "Resolved ones too." };
        var json = StatusTerminal.Json();
        var command = new Command("list", "List open incidents.") { all, json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(
            result, json, client => client.GetAsync(result.GetValue(all) ? "/admin/api/incidents" : "/admin/api/incidents?state=open", cancellationToken), answer =>
            {
                foreach (var incident in answer["incidents"]!.AsArray()) StatusTerminal.PrintIncident(incident!.AsObject());
            }));
        return command;
    }
}
