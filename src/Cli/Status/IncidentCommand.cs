using System.CommandLine;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Status;

/// <summary><c>podflare incident open|update|resolve|handback|ls</c>.</summary>
internal static class IncidentCommand
{
    public static Command Create(GlobalOptions global) => new Command("incident", "Open, update and resolve incidents on the status page")
    {
        Open(global),
        Update(global),
        Resolve(global),
        HandBack(global),
        List(global),
    }.WithExamples(
        ("Open an incident, update it, and resolve it", "podflare incident open 'Slow creates' -b 'We are investigating.' -c sandboxes=degraded_performance\n  podflare incident update inc_… --status identified -b 'A disk is full.'\n  podflare incident resolve inc_…"));

    private static Command Open(GlobalOptions global)
    {
        var title = new Argument<string>("title") { Description = "Title, one line" };
        var body = Body("What is known so far", required: true);
        var status = new Option<string?>("--status") { Description = "Status [default: investigating]", HelpName = "investigating|identified|monitoring" };
        status.AcceptOnlyFromAmong("investigating", "identified", "monitoring");
        var impact = new Option<string?>("--impact") { Description = "Impact [default: from the components]", HelpName = "none|minor|major|critical" };
        impact.AcceptOnlyFromAmong("none", "minor", "major", "critical");
        var started = new Option<string?>("--started-at") { Description = "Start time, such as 2026-05-01T10:00:00Z [default: now]", HelpName = "time" };
        var (components, quiet) = (Components(), StatusActions.Quiet());
        return new Command("open", "Open an incident") { title, body, status, impact, started, components, quiet }.Asks(
            global,
            (context, client) => client.PostAsync(
                "/admin/api/incidents",
                new JsonObject
                {
                    ["title"] = context.Value(title),
                    ["body"] = context.Value(body),
                    ["status"] = context.Value(status),
                    ["impact"] = context.Value(impact),
                    ["started_at"] = context.Value(started),
                    ["components"] = StatusActions.Statuses(context.Value(components)),
                    ["notify"] = !context.Value(quiet),
                },
                context.Interruption.Token),
            StatusActions.ShowOne).WithExamples(
            ("Open an incident", "podflare incident open 'Slow creates' --body 'We are investigating.' --component sandboxes=degraded_performance"));
    }

    private static Command Update(GlobalOptions global)
    {
        var (id, body) = (Id(), Body("What has changed", required: true));
        var status = new Option<string?>("--status") { Description = "New status: investigating, identified, monitoring, resolved or postmortem [default: unchanged]", HelpName = "status" };
        status.AcceptOnlyFromAmong("investigating", "identified", "monitoring", "resolved", "postmortem");
        var at = new Option<string?>("--at") { Description = "Time of the update [default: now]", HelpName = "time" };
        var (components, quiet) = (Components(), StatusActions.Quiet());
        return new Command("update", "Add an update. From then on, automation adds only private notes") { id, body, status, at, components, quiet }.Asks(
            global,
            (context, client) => client.PostAsync(
                StatusActions.Path("incidents", context.Value(id), "updates"),
                new JsonObject
                {
                    ["body"] = context.Value(body),
                    ["status"] = context.Value(status),
                    ["display_at"] = context.Value(at),
                    ["components"] = StatusActions.Statuses(context.Value(components)),
                    ["notify"] = !context.Value(quiet),
                },
                context.Interruption.Token),
            StatusActions.ShowOne).WithExamples(
            ("Say what was found", "podflare incident update inc_… --status identified --body 'A disk is full.'"));
    }

    private static Command Resolve(GlobalOptions global)
    {
        var (id, body, quiet) = (Id(), Body("Text of the update [default: a standard sentence]", required: false), StatusActions.Quiet());
        return new Command("resolve", "Resolve an incident and release the components that it controls") { id, body, quiet }.Asks(
            global,
            (context, client) => client.PostAsync(
                StatusActions.Path("incidents", context.Value(id), "updates"),
                new JsonObject { ["body"] = context.Value(body) ?? "This incident is resolved.", ["status"] = "resolved", ["notify"] = !context.Value(quiet) },
                context.Interruption.Token),
            StatusActions.ShowOne).WithExamples(
            ("Resolve an incident", "podflare incident resolve inc_… --body 'The disk was replaced.'"));
    }

    private static Command HandBack(GlobalOptions global)
    {
        var id = Id();
        return new Command("handback", "Return an incident to automation") { id }.Asks(
            global,
            (context, client) => client.PostAsync(StatusActions.Path("incidents", context.Value(id), "handback"), [], context.Interruption.Token),
            StatusActions.ShowOne).WithExamples(
            ("Let automation handle an incident again", "podflare incident handback inc_…"));
    }

    private static Command List(GlobalOptions global)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Include resolved incidents, up to the newest 100" };
        return new Command("ls", "List open incidents") { all }.Asks(
            global,
            (context, client) => client.GetAsync(context.Value(all) ? "/admin/api/incidents" : "/admin/api/incidents?state=open", context.Interruption.Token),
            static (context, answer) => context.Screen.Table(
                ["ID", "STATUS", "IMPACT", "STARTED", "HANDLED BY", "TITLE"],
                [.. (answer["incidents"] as JsonArray ?? []).OfType<JsonObject>().Select(i => (string[])
                    [$"{i["id"]}", StatusActions.Words(i["status"]), $"{i["impact"]}", StatusActions.Time(i["started_at"], context.Time), $"{i["handled_by"]}", $"{i["title"]}"])])).WithExamples(
            ("List open incidents", "podflare incident ls"));
    }

    private static Argument<string> Id() => new("id") { Description = "Incident ID: inc_…" };

    private static Option<string?> Body(string description, bool required) =>
        new("--body", "-b") { Description = description, HelpName = "text", Required = required };

    private static Option<string[]> Components() =>
        new("--component", "-c") { Description = "Status of a component, such as api=major_outage (repeatable)", HelpName = "name=status" };
}
