using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Status;

/// <summary>What the commands of the status page share.</summary>
internal static class StatusActions
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Each command has its own instance of this option.</summary>
    public static Option<string?> AdminUrl() => new("--admin-url")
    {
        Description = $"Admin API of the status page [env: {StatusClient.UrlVariable}; default: {StatusClient.DefaultUrl}]",
        HelpName = "url",
    };

    public static Option<bool> Quiet() => new("--quiet") { Description = "Do not notify subscribers" };

    /// <summary>Gives a command its call of the admin API, and shows the answer.</summary>
    public static Command Asks(
        this Command command, GlobalOptions global, Func<CommandContext, StatusClient, Task<JsonObject>> act, Action<CommandContext, JsonObject> show)
    {
        var url = AdminUrl();
        command.Options.Add(url);
        return command.WithAction(global, async context =>
        {
            var address = Address(context.Value(url));
            using var client = new StatusClient(address, Token(address), context.Time);
            var answer = await act(context, client);
            if (context.IsJson) context.Screen.Line(Json(answer));
            else show(context, answer);
            return 0;
        });
    }

    /// <summary>One line of an incident or a maintenance. Its ID comes first, because the next command needs it.</summary>
    public static void ShowOne(CommandContext context, JsonObject incident) =>
        context.Screen.Line(Texts.Clean($"{incident["id"]}  {Words(incident["status"])}  {incident["title"]}"));

    public static string Words(JsonNode? code) => (code?.ToString() ?? "-").Replace('_', ' ');

    /// <summary>A time of an answer, as a table shows it.</summary>
    public static string Time(JsonNode? time, TimeProvider clock) =>
        DateTimeOffset.TryParse(time?.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? Screen.Time(at, clock) : "-";

    public static string Path(string kind, string? id, string? act = null) =>
        $"/admin/api/{kind}/{Uri.EscapeDataString(id ?? "")}{(act is null ? "" : "/" + act)}";

    /// <summary>Reads <c>COMPONENT=STATUS</c> pairs.</summary>
    public static JsonObject Statuses(string[]? pairs)
    {
        var all = new JsonObject();
        foreach (var (component, status) in Texts.ParsePairs(pairs, "--component") ?? []) all[component] = status;
        return all;
    }

    private static string Json(JsonObject answer)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory, Indented)) answer.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(memory.ToArray());
    }

    private static Uri Address(string? option)
    {
        var text = option is { Length: > 0 } ? option
            : Environment.GetEnvironmentVariable(StatusClient.UrlVariable) is { Length: > 0 } variable ? variable
            : StatusClient.DefaultUrl;
        return ServerSelection.Parse(text, option is { Length: > 0 } ? "--admin-url" : StatusClient.UrlVariable);
    }

    /// <summary>The token of the environment, or the one that a status page on this machine created for itself.</summary>
    private static string? Token(Uri address)
    {
        if (Environment.GetEnvironmentVariable(StatusClient.TokenVariable) is { Length: > 0 } token) return token;
        // The token in the file belongs to the page on this machine and must not be sent to another one.
        if (!address.IsLoopback) return null;
        var folder = Environment.GetEnvironmentVariable("Status__Folder") is { Length: > 0 } configured
            ? configured
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "podflare", "status");
        var file = System.IO.Path.Combine(folder, "admin-token");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }
}
