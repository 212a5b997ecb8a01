using System.CommandLine;

namespace Podflare.Status;

/// <summary><c>podflare status</c>: what the page says now.</summary>
internal static class StatusCommand
{
    public static Command Build()
    {
        var json = StatusTerminal.Json();
        var command = new Command("status", "Show what the status page says.") { json };
        command.SetAction((result, cancellationToken) => StatusTerminal.RunAsync(result, json, client => client.GetAsync("/admin/api/status", cancellationToken), answer =>
        {
            Console.WriteLine(answer["description"]);
            foreach (var component in answer["components"]!.AsArray())
            {
                var held = component!["held_by"] is { } by ? $" ({by}; probes say {component["probed"]})" : "";
                Console.WriteLine($"  {component["id"],-18} {component["status"]}{held}");
            }

            foreach (var incident in answer["incidents"]!.AsArray()) StatusTerminal.PrintIncident(incident!.AsObject());
            foreach (var maintenance in answer["maintenances"]!.AsArray()) StatusTerminal.PrintIncident(maintenance!.AsObject());
        }));
        return command;
    }
}
