using System.CommandLine;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Status;

/// <summary><c>podflare maintenance schedule|start|complete|ls</c>.</summary>
internal static class MaintenanceCommand
{
    public static Command Create(GlobalOptions global) => new Command("maintenance", "Schedule, start and complete maintenance on the status page")
    {
        Schedule(global),
        Move(global, "start", "Start a maintenance now"),
        Move(global, "complete", "Complete a maintenance, or cancel one that has not started"),
        List(global),
    }.WithExamples(
        ("Announce a maintenance", "podflare maintenance schedule Upgrade -b 'Short pauses of running code.' -c api --from 2026-05-01T10:00:00Z --until 2026-05-01T11:00:00Z"));

    private static Command Schedule(GlobalOptions global)
    {
        var title = new Argument<string>("title") { Description = "Title, one line" };
        var body = new Option<string>("--body", "-b") { Description = "What will be done, and what users will notice", HelpName = "text", Required = true };
        var from = new Option<string>("--from") { Description = "Start time, such as 2026-05-01T10:00:00Z", HelpName = "time", Required = true };
        var until = new Option<string>("--until") { Description = "End time", HelpName = "time", Required = true };
        var components = new Option<string[]>("--component", "-c") { Description = "Affected component (repeatable)", HelpName = "name", Required = true };
        var quiet = StatusActions.Quiet();
        return new Command("schedule", "Announce a maintenance, which starts and ends automatically") { title, body, from, until, components, quiet }.Asks(
            global,
            (context, client) => client.PostAsync(
                "/admin/api/maintenances",
                new JsonObject
                {
                    ["title"] = context.Value(title),
                    ["body"] = context.Value(body),
                    ["components"] = new JsonArray([.. context.Value(components)!.Select(c => JsonValue.Create(c))]),
                    ["scheduled_for"] = context.Value(from),
                    ["scheduled_until"] = context.Value(until),
                    ["notify"] = !context.Value(quiet),
                },
                context.Interruption.Token),
            StatusActions.ShowOne).WithExamples(
            ("Announce a maintenance", "podflare maintenance schedule Upgrade -b 'Short pauses of running code.' -c api --from 2026-05-01T10:00:00Z --until 2026-05-01T11:00:00Z"));
    }

    private static Command Move(GlobalOptions global, string act, string description)
    {
        var id = new Argument<string>("id") { Description = "Maintenance ID: mnt_…" };
        var body = new Option<string?>("--body", "-b") { Description = "Text of the update [default: a standard sentence]", HelpName = "text" };
        return new Command(act, description) { id, body }.Asks(
            global,
            (context, client) => client.PostAsync(
                StatusActions.Path("maintenances", context.Value(id), act), new JsonObject { ["body"] = context.Value(body) }, context.Interruption.Token),
            StatusActions.ShowOne).WithExamples(
            ($"{char.ToUpperInvariant(act[0])}{act[1..]} a maintenance", $"podflare maintenance {act} mnt_…"));
    }

    private static Command List(GlobalOptions global)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Include completed maintenance, up to the newest 100" };
        return new Command("ls", "List maintenance that is not complete") { all }.Asks(
            global,
            (context, client) => client.GetAsync(context.Value(all) ? "/admin/api/maintenances" : "/admin/api/maintenances?state=open", context.Interruption.Token),
            static (context, answer) => context.Screen.Table(
                ["ID", "STATUS", "FROM", "UNTIL", "TITLE"],
                [.. (answer["maintenances"] as JsonArray ?? []).OfType<JsonObject>().Select(m => (string[])
                    [$"{m["id"]}", StatusActions.Words(m["status"]), StatusActions.Time(m["scheduled_for"], context.Time), StatusActions.Time(m["scheduled_until"], context.Time), $"{m["title"]}"])])).WithExamples(
            ("List maintenance that is not complete", "podflare maintenance ls"));
    }
}
