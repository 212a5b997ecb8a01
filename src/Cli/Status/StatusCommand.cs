using System.CommandLine;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Status;

/// <summary><c>podflare status</c>: the current state of the status page.</summary>
internal static class StatusCommand
{
    public static Command Create(GlobalOptions global) => new Command("status", "Show the components, open incidents and maintenance of the status page").Asks(
        global, (context, client) => client.GetAsync("/admin/api/status", context.Interruption.Token), Show).WithExamples(
        ("Show the status page of this machine", "podflare status"));

    private static void Show(CommandContext context, JsonObject answer)
    {
        var screen = context.Screen;
        screen.Line(Texts.Clean(answer["description"]?.ToString() ?? ""));
        screen.Table(["COMPONENT", "STATUS", "PROBES SAY", "HELD BY"], [.. Of(answer, "components").Select(Row)]);
        string[][] events =
        [
            .. Of(answer, "incidents").Select(incident => Event(incident, incident["started_at"])),
            .. Of(answer, "maintenances").Select(maintenance => Event(maintenance, maintenance["scheduled_for"])),
        ];
        if (events.Length == 0) return;
        screen.Line("");
        screen.Table(["ID", "STATUS", "FROM", "TITLE"], events);

        string[] Event(JsonObject one, JsonNode? from) => [$"{one["id"]}", StatusActions.Words(one["status"]), StatusActions.Time(from, context.Time), $"{one["title"]}"];
    }

    private static string[] Row(JsonObject component) =>
        [component["id"]?.ToString() ?? "", StatusActions.Words(component["status"]), StatusActions.Words(component["probed"]), StatusActions.Words(component["held_by"])];

    private static IEnumerable<JsonObject> Of(JsonObject answer, string list) => (answer[list] as JsonArray ?? []).OfType<JsonObject>();
}
