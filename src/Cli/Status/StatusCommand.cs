using System.CommandLine;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Status;

/// <summary><c>podflare status</c>: what the status page says now.</summary>
internal static class StatusCommand
{
    public static Command Create(GlobalOptions global) => new Command("status", "Show the status page").Asks(
        global, (context, client) => client.GetAsync("/admin/api/status", context.Interruption.Token), Show);

    private static void Show(Screen screen, JsonObject answer)
    {
        screen.Line(Texts.Clean(answer["description"]?.ToString() ?? ""));
        screen.Table(["COMPONENT", "STATUS", "PROBES SAY", "HELD BY"], [.. Of(answer, "components").Select(Row)]);
        screen.Out.Flush();
        foreach (var one in Of(answer, "incidents").Concat(Of(answer, "maintenances"))) StatusActions.ShowOne(screen, one);
    }

    private static string[] Row(JsonObject component) =>
        [component["id"]?.ToString() ?? "", StatusActions.Words(component["status"]), StatusActions.Words(component["probed"]), StatusActions.Words(component["held_by"])];

    private static IEnumerable<JsonObject> Of(JsonObject answer, string list) => (answer[list] as JsonArray ?? []).OfType<JsonObject>();
}
