using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podflare.Status;

/// <summary>What the three command groups share: options, errors, output.</summary>
internal static class StatusTerminal
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Option<bool> Json() => new("--json") { Description = "Print the answer as JSON." };

    public static Option<string[]> Components(string description) => new("--component", "-c") { Description = description, AllowMultipleArgumentsPerToken = false };

    /// <summary>Runs a command: 0, or 1 with one line of reason on standard error.</summary>
    public static async Task<int> RunAsync(ParseResult result, Option<bool> json, Func<StatusClient, Task<JsonObject>> act, Action<JsonObject> print)
    {
        using var client = new StatusClient();
        try
        {
            var answer = await act(client);
            if (result.GetValue(json)) Console.WriteLine(answer.ToJsonString(Indented));
            else print(answer);
            return 0;
        }
        catch (StatusException e)
        {
            await Console.Error.WriteLineAsync($"podflare: {e.Message}");
            return 1;
        }
    }

    /// <summary>Reads <c>component=status</c> pairs.</summary>
    public static JsonObject Statuses(string[]? pairs)
    {
        var all = new JsonObject();
        foreach (var pair in pairs ?? [])
        {
            var cut = pair.IndexOf('=', StringComparison.Ordinal);
            if (cut < 1) throw new StatusException($"'{pair}' must be COMPONENT=STATUS, as in api=major_outage");
            all[pair[..cut]] = pair[(cut + 1)..];
        }

        return all;
    }

    public static void PrintIncident(JsonObject incident) =>
        Console.WriteLine($"{incident["id"]}  {incident["status"]}  {incident["title"]}");
}
