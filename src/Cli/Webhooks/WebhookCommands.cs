using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Webhooks;

/// <summary><c>podflare webhook</c>: the webhooks of a tenant. A new secret is the only thing on stdout.</summary>
internal static class WebhookCommands
{
    private const string Path = "v1/webhooks";

    public static Command Create(GlobalOptions global) => new Command("webhook", "Create, list, test and delete webhooks")
    {
        Add(global),
        List(global),
        Show(global),
        Update(global),
        SetState(global, "enable", "active", "Call a disabled webhook again, with what waited and what came meanwhile"),
        SetState(global, "disable", "disabled", "Call a webhook no more, until it is enabled"),
        Rotate(global),
        Act(global, "test", "Send one message of the type webhook.test", (id, _) => $"{PathOf(id)}/test", "Sent. See 'podflare webhook deliveries' for what came of it."),
        Deliveries(global),
        Replay(global),
        Remove(global),
    }.WithExamples(
        ("Be told of the ends of runs, and store the secret", "podflare webhook create https://example.com/podflare --event run.ended > secret.txt"),
        ("See what a webhook was called with", "podflare webhook deliveries whk_5f0c0a6e1b2d4c3f8a9b7c6d"));

    private static Command Add(GlobalOptions global)
    {
        var url = new Argument<string>("url") { Description = "The https address to call" };
        var (events, description) = (Events(), Description());
        return new Command("create", "Create a webhook and write its secret to stdout, once") { url, events, description }.WithAction(global, async context =>
        {
            var body = Body(context.Value(url), context.Value(events) is { Length: > 0 } some ? some : ["*"], context.Value(description));
            return WriteSecret(context, await context.SendAsync(HttpMethod.Post, Path, body, canRetry: false), "Created");
        }).WithExamples(("Be told of everything", "podflare webhook create https://example.com/podflare"));
    }

    private static Command List(GlobalOptions global)
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write only the IDs, one per line" };
        var command = new Command("ls", "List webhooks, oldest first") { quiet };
        command.Aliases.Add("list");
        return command.WithAction(global, async context =>
        {
            var answer = await context.SendAsync(HttpMethod.Get, Path);
            JsonElement[] webhooks = [.. answer.GetProperty("webhooks").EnumerateArray()];
            if (context.IsJson) context.Screen.Json(answer, CliJson.Default.JsonElement);
            else if (context.Value(quiet)) foreach (var webhook in webhooks) context.Screen.Line(webhook.Text("id")!);
            else context.Screen.Table(["ID", "URL", "EVENTS", "STATE", "PENDING", "SKIPPED", "DESCRIPTION"], [.. webhooks.Select(Row)]);
            return 0;
        }).WithExamples(("Find webhooks that are disabled", "podflare webhook ls"));
    }

    private static Command Show(GlobalOptions global)
    {
        var id = Id();
        return new Command("get", "Show a webhook as JSON") { id }.WithAction(global, async context =>
        {
            context.Screen.Json(await context.SendAsync(HttpMethod.Get, PathOf(context.Value(id)!)), CliJson.Default.JsonElement);
            return 0;
        }).WithExamples(("See why it is disabled", "podflare webhook get $ID"));
    }

    private static Command Update(GlobalOptions global)
    {
        var (id, events, description) = (Id(), Events(), Description());
        var url = new Option<string?>("--to") { Description = "Another https address to call", HelpName = "url" };
        return new Command("update", "Change a webhook") { id, url, events, description }.WithAction(global, context =>
            PatchAsync(context, context.Value(id)!, Body(context.Value(url), context.Value(events), context.Value(description)), "Changed"))
            .WithExamples(("Move it to another address", "podflare webhook update $ID --to https://example.com/new"));
    }

    private static Command SetState(GlobalOptions global, string name, string state, string description)
    {
        var id = Id();
        return new Command(name, description) { id }.WithAction(global, context =>
            PatchAsync(context, context.Value(id)!, new JsonObject { ["state"] = state }, state == "active" ? "Enabled" : "Disabled")).WithExamples((description, $"podflare webhook {name} $ID"));
    }

    private static Command Rotate(GlobalOptions global)
    {
        var id = Id();
        return new Command("rotate", "Draw a new secret and write it to stdout, once; the old one signs too for 24 h") { id }.WithAction(global, async context =>
            WriteSecret(context, await context.SendAsync(HttpMethod.Post, $"{PathOf(context.Value(id)!)}/rotate", canRetry: false), "Rotated")).WithExamples(("Replace a secret", "podflare webhook rotate $ID > secret.txt"));
    }

    private static Command Deliveries(GlobalOptions global)
    {
        var id = Id();
        return new Command("deliveries", "List what waits to be sent and what was sent last, newest first") { id }.WithAction(global, async context =>
        {
            var answer = await context.SendAsync(HttpMethod.Get, $"{PathOf(context.Value(id)!)}/deliveries");
            if (context.IsJson) context.Screen.Json(answer, CliJson.Default.JsonElement);
            else context.Screen.Table(["SEQ", "TYPE", "STATE", "ATTEMPTS", "LAST", "OUTCOME", "NEXT"], [.. answer.GetProperty("deliveries").EnumerateArray().Select(delivery => DeliveryRow(context, delivery))]);
            return 0;
        }).WithExamples(("See what came of a test", "podflare webhook deliveries $ID"));
    }

    private static Command Replay(GlobalOptions global)
    {
        var seq = new Argument<long>("seq") { Description = "The SEQ of the delivery" };
        return Act(global, "replay", "Deliver an event once more", (id, context) => $"{PathOf(id)}/deliveries/{context.Value(seq).ToString(CultureInfo.InvariantCulture)}/replay", "It will be sent again.", seq);
    }

    private static Command Act(GlobalOptions global, string name, string description, Func<string, CommandContext, string> path, string done, Argument? more = null)
    {
        var id = Id();
        var command = new Command(name, description) { id };
        if (more is not null) command.Add(more);
        return command.WithAction(global, async context =>
        {
            await context.Client.Transport.CallAsync(new ApiCall(HttpMethod.Post, path(context.Value(id)!, context)), context.Interruption.Token);
            context.Screen.Note(done);
            return 0;
        }).WithExamples((description, $"podflare webhook {name} $ID{(more is null ? "" : " 812")}"));
    }

    private static Command Remove(GlobalOptions global)
    {
        var id = Id();
        var command = new Command("rm", "Delete a webhook") { id };
        command.Aliases.Add("delete");
        return command.WithAction(global, async context =>
        {
            await context.DeleteAsync(PathOf(context.Value(id)!));
            if (context.IsJson) context.Screen.Json(new DeletedJson([context.Value(id)!]), CliJson.Default.DeletedJson);
            else context.Screen.Note($"Deleted {context.Value(id)}.");
            return 0;
        }).WithExamples(("Delete a webhook", "podflare webhook rm $ID"));
    }

    private static async Task<int> PatchAsync(CommandContext context, string id, JsonObject body, string done)
    {
        var webhook = await context.SendAsync(HttpMethod.Patch, PathOf(id), body);
        if (context.IsJson) context.Screen.Json(webhook, CliJson.Default.JsonElement);
        else context.Screen.Note($"{done} {id}.");
        return 0;
    }

    private static int WriteSecret(CommandContext context, JsonElement webhook, string done)
    {
        if (context.IsJson)
        {
            context.Screen.Json(webhook, CliJson.Default.JsonElement);
            return 0;
        }

        context.Screen.Note($"{done} {webhook.Text("id")} for {webhook.Text("url")}. The secret is shown once:");
        context.Screen.Line(webhook.Text("secret")!);
        return 0;
    }

    private static string[] Row(JsonElement webhook) =>
    [
        webhook.Text("id")!, webhook.Text("url") ?? "-", string.Join(',', webhook.GetProperty("events").EnumerateArray().Select(name => name.GetString())), webhook.Text("state") ?? "-",
        webhook.GetProperty("pending").GetRawText(), webhook.GetProperty("skipped").GetRawText(), webhook.Text("description") is { Length: > 0 } text ? text : "-",
    ];

    private static string[] DeliveryRow(CommandContext context, JsonElement delivery)
    {
        JsonElement[] attempts = [.. delivery.GetProperty("attempts").EnumerateArray()];
        var seq = delivery.GetProperty("event_seq");
        return
        [
            seq.ValueKind is JsonValueKind.Number ? seq.GetRawText() : "-", delivery.Text("type") ?? "-", delivery.Text("state") ?? "-", attempts.Length.ToString(CultureInfo.InvariantCulture),
            attempts is [.., var last] ? context.Time(last, "ts") : "-", attempts is [.., var newest] ? newest.Text("outcome") ?? "-" : "-", context.Time(delivery, "next_at"),
        ];
    }

    private static JsonObject Body(string? url, string[]? events, string? description)
    {
        var body = new JsonObject();
        if (url is not null) body["url"] = url;
        if (events is { Length: > 0 }) body["events"] = new JsonArray([.. events.Select(name => (JsonNode?)name)]);
        if (description is not null) body["description"] = description;
        return body;
    }

    private static string PathOf(string id) => $"{Path}/{Uri.EscapeDataString(id)}";

    private static Argument<string> Id() => new("webhook") { Description = "Webhook ID: whk_ and 24 hex digits" };

    private static Option<string[]> Events() => new("--event", "-e") { Description = "Type of event, such as run.ended or sandbox.* (repeatable) [default: all]", HelpName = "type" };

    private static Option<string?> Description() => new("--description") { Description = "What the webhook is for", HelpName = "text" };
}
