using System.CommandLine;
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
        this Command command, GlobalOptions global, Func<CommandContext, StatusClient, Task<JsonObject>> act, Action<Screen, JsonObject> show)
    {
        var url = AdminUrl();
        command.Options.Add(url);
        return command.WithAction(global, async context =>
        {
            var address = Address(context.Value(url));
            using var client = new StatusClient(address, Token(address), context.Time);
            var answer = await act(context, client);
            if (context.IsJson) context.Screen.Line(Json(answer));
            else show(context.Screen, answer);
            return 0;
        });
    }

    /// <summary>One line of an incident or a maintenance: its id first, which is what the next command needs.</summary>
    public static void ShowOne(Screen screen, JsonObject incident) =>
        screen.Line(Texts.Clean($"{incident["id"]}  {Words(incident["status"])}  {incident["title"]}"));

    public static string Words(JsonNode? code) => (code?.ToString() ?? "-").Replace('_', ' ');

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
        var whole = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(whole, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new CliException($"{text} is not an address.");
    }

    /// <summary>The token of the environment, or the one that a page on this machine has drawn for itself.</summary>
    private static string? Token(Uri address)
    {
        if (Environment.GetEnvironmentVariable(StatusClient.TokenVariable) is { Length: > 0 } token) return token;
        // The file's token is for this machine's page; no other one may see it.
        if (!address.IsLoopback) return null;
        var folder = Environment.GetEnvironmentVariable("Status__Folder") is { Length: > 0 } configured
            ? configured
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "podflare", "status");
        var file = System.IO.Path.Combine(folder, "admin-token");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }
}
