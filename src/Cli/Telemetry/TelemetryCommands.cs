using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Telemetry;

/// <summary><c>podflare telemetry</c>: where the telemetry of a tenant goes.</summary>
internal static class TelemetryCommands
{
    private const string Path = "v1/telemetry";

    public static Command Create(GlobalOptions global) => new Command("telemetry", "Send the tenant's OpenTelemetry data to its own backend")
    {
        Set(global),
        Show(global),
        Test(global),
        Remove(global),
    }.WithExamples(("Send it to a backend, with a key from the environment", "podflare telemetry set https://otlp.example.com --header \"x-api-key=$KEY\""));

    private static Command Set(GlobalOptions global)
    {
        var endpoint = new Argument<string>("endpoint") { Description = "The https address of an OTLP/HTTP receiver, without /v1/traces" };
        var headers = new Option<string[]>("--header", "-H") { Description = "A header of every request (repeatable)", HelpName = "name=value" };
        var signals = new Option<string[]>("--signal", "-s") { Description = "What is sent: traces, logs or metrics (repeatable) [default: all]", HelpName = "signal" };
        var capture = new Option<bool>("--capture-content") { Description = "Send code and output as well, without secrets" };
        var redact = new Option<string[]>("--redact") { Description = "A regular expression whose matches are replaced in code and output (repeatable)", HelpName = "regex" };
        var command = new Command("set", "Set or replace the destination") { endpoint, headers, signals, capture, redact };
        command.Validate(result =>
        {
            if (result.GetValue(headers) is { } some && some.Any(header => header.IndexOf('=', StringComparison.Ordinal) < 1)) result.AddError("--header must be name=value.");
        });
        return command.WithAction(global, async context =>
        {
            var body = new JsonObject { ["endpoint"] = context.Value(endpoint), ["capture_content"] = context.Value(capture) };
            if (context.Value(headers) is { Length: > 0 } pairs) body["headers"] = new JsonObject(pairs.Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], (JsonNode?)pair[1])));
            if (context.Value(signals) is { Length: > 0 } names) body["signals"] = List(names);
            if (context.Value(redact) is { Length: > 0 } patterns) body["redact"] = List(patterns);
            var destination = await context.SendAsync(HttpMethod.Put, Path, body);
            if (context.IsJson) context.Screen.Json(destination, CliJson.Default.JsonElement);
            foreach (var warning in destination.GetProperty("warnings").EnumerateArray()) context.Screen.Note($"Warning: {warning.GetString()}");
            if (!context.IsJson) context.Screen.Note($"Telemetry goes to {destination.Text("endpoint")}. See 'podflare telemetry test' for whether it arrives.");
            return 0;
        }).WithExamples(("Send traces alone, with code and output", "podflare telemetry set https://otlp.example.com --signal traces --capture-content"));
    }

    private static Command Show(GlobalOptions global) =>
        new Command("show", "Show the destination, without the values of headers, and what was sent there").WithAction(global, async context =>
        {
            var destination = await context.SendAsync(HttpMethod.Get, Path);
            if (context.IsJson) context.Screen.Json(destination, CliJson.Default.JsonElement);
            else if (destination.Text("endpoint") is null) context.Screen.Note("There is no destination.");
            else
                context.Screen.Table(["ENDPOINT", "SIGNALS", "HEADERS", "CONTENT", "SENT", "DROPPED", "LAST SUCCESS", "LAST ERROR"], [Row(context, destination)]);
            return 0;
        }).WithExamples(("See whether data arrives", "podflare telemetry show"));

    private static Command Test(GlobalOptions global) =>
        new Command("test", "Send one span, and show what came of it").WithAction(global, async context =>
        {
            var test = await context.SendAsync(HttpMethod.Post, $"{Path}/test");
            var outcome = test.Text("outcome") ?? "";
            if (context.IsJson) context.Screen.Json(test, CliJson.Default.JsonElement);
            else context.Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{outcome} in {test.GetProperty("ms").GetDouble():0} ms"));
            return outcome.StartsWith('2') ? 0 : ExitCodes.Failed;
        }).WithExamples(("Check the destination", "podflare telemetry test"));

    private static Command Remove(GlobalOptions global)
    {
        var command = new Command("remove", "Remove the destination");
        command.Aliases.Add("rm");
        return command.WithAction(global, async context =>
        {
            await context.DeleteAsync(Path);
            context.Screen.Note("Removed.");
            return 0;
        }).WithExamples(("Send nothing any more", "podflare telemetry remove"));
    }

    private static string[] Row(CommandContext context, JsonElement destination) =>
    [
        destination.Text("endpoint")!, Join(destination, "signals"), Join(destination, "header_names"), destination.GetProperty("capture_content").GetBoolean() ? "yes" : "no",
        destination.GetProperty("sent").GetRawText(), destination.GetProperty("dropped").GetRawText(), context.Time(destination, "last_success_at"),
        destination.Text("last_error") is { } error ? $"{error} ({context.Time(destination, "last_error_at")})" : "-",
    ];

    private static string Join(JsonElement destination, string name) =>
        destination.GetProperty(name).GetArrayLength() == 0 ? "-" : string.Join(',', destination.GetProperty(name).EnumerateArray().Select(item => item.GetString()));

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);
}
