using System.CommandLine;
using System.Text.Json.Nodes;

namespace Podflare.Status;

/// <summary><c>podflare maintenance schedule|start|complete|list</c>.</summary>
internal static class MaintenanceCommand
{
    public static Command Build()
    {
        var command = new Command("maintenance", "Schedule, start and complete maintenance on the status page.");
        command.Subcommands.Add(Schedule());
        command.Subcommands.Add(Move("start", "Start a maintenance now."));
        command.Subcommands.Add(Move("complete", "Complete a maintenance; one that has not begun is called off."));
        command.Subcommands.Add(List());
        return command;
    }

    private static Command Schedule()
    {
        var title = new Argument<string>("title") { Description = "One line that readers see first." };
        var body = new Option<string>("--body", "-b") { Description = "What is done, and what readers will notice.", Required = true };
        var from = new Option<string>("--from") { Description = "Its beginning: 2026-05-01T10:00:00Z.", Required = true };
        var until = new Option<string>("--until") { Description = "Its end.", Required = true };
        var components = StatusTerminal.Components("A component that it touches; may be repeated.");
        components.Required = true;
        var quiet = new Option<bool>("--quiet") { Description = "Notify nobody of the announcement." };
        var json = StatusTerminal.Json();
        var command = new Command("schedule", "Announce a maintenance.") { title, body, from, until, components, quiet, json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(result, json, client => client.PostAsync("/admin/api/maintenances", new JsonObject
        {
            ["title"] = result.GetValue(title),
            ["body"] = result.GetValue(body),
            ["components"] = new JsonArray([.. result.GetValue(components)!.Select(c => JsonValue.Create(c))]),
            ["scheduled_for"] = result.GetValue(from),
            ["scheduled_until"] = result.GetValue(until),
            ["notify"] = !result.GetValue(quiet),
        }, cancellationToken), StatusTerminal.PrintIncident));
        return command;
    }

    private static Command Move(string name, string description)
    {
        var id = new Argument<string>("id") { Description = "The maintenance, as mnt_…" };
        var body = new Option<string?>("--body", "-b") { Description = "What to say; default: a plain sentence." };
        var json = StatusTerminal.Json();
        var command = new Command(name, description) { id, body, json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(
            result, json, client => client.PostAsync(
                $"/admin/api/maintenances/{Uri.EscapeDataString(result.GetValue(id)!)}/{name}", new JsonObject { ["body"] = result.GetValue(body) }, cancellationToken),
            StatusTerminal.PrintIncident));
        return command;
    }

    private static Command List()
    {
        var json = StatusTerminal.Json();
        var command = new Command("list", "List maintenance that is not completed.") { json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(
            result, json, client => client.GetAsync("/admin/api/maintenances?state=open", cancellationToken), answer =>
            {
                foreach (var maintenance in answer["maintenances"]!.AsArray())
                    Console.WriteLine($"{maintenance!["id"]}  {maintenance["status"]}  {maintenance["scheduled_for"]} to {maintenance["scheduled_until"]}  {maintenance["title"]}");
            }));
        return command;
    }
}
