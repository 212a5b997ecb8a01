using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Keys;

/// <summary><c>podflare keys</c>: the API keys of a tenant. A new secret is the only thing on stdout.</summary>
internal static class KeyCommands
{
    private const string Path = "v1/keys";

    public static Command Create(GlobalOptions global) => new Command("keys", "Create, list, rotate and revoke API keys")
    {
        Add(global),
        List(global),
        Rotate(global),
        Remove(global),
    }.WithExamples(
        ("Create a key for a program and store it", "podflare keys create ci --scope sandboxes --expires-in 7776000 > key.txt"),
        ("Replace a key; the old one works for another hour", "podflare keys rotate key_5f0c0a6e1b2d4c3f8a9b7c6d --overlap 3600"));

    private static Command Add(GlobalOptions global)
    {
        var name = new Argument<string>("name") { Description = "What the key is for" };
        var scopes = new Option<string[]>("--scope", "-s") { Description = "What the key allows: read, sandboxes, keys, metrics:read or admin (repeatable) [default: sandboxes]", HelpName = "scope" };
        scopes.AcceptOnlyFromAmong("read", "sandboxes", "keys", "metrics:read", "admin");
        var expires = new Option<double?>("--expires-in") { Description = "Time until the key expires, in seconds [default: never]", HelpName = "seconds" };
        expires.RequirePositive(" seconds");
        var tenant = Tenant();
        return new Command("create", "Create an API key and write its secret to stdout, once") { name, scopes, expires, tenant }.WithAction(global, async context =>
        {
            var wanted = context.Value(scopes) is { Length: > 0 } some ? some : ["sandboxes"];
            var body = new JsonObject { ["name"] = context.Value(name), ["scopes"] = new JsonArray([.. wanted.Select(scope => (JsonNode?)scope)]) };
            if (context.Value(expires) is { } seconds) body["expires_in_seconds"] = seconds;
            if (context.Value(tenant) is { } other) body["tenant"] = other;
            return WriteSecret(context, await context.SendAsync(HttpMethod.Post, Path, body, canRetry: false));
        }).WithExamples(("Create a key that may only read", "podflare keys create dashboard --scope read"));
    }

    private static Command List(GlobalOptions global)
    {
        var tenant = Tenant();
        var state = new Option<string?>("--state") { Description = "Only keys in this state", HelpName = "active|expired|revoked" };
        state.AcceptOnlyFromAmong("active", "expired", "revoked");
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write only the IDs, one per line" };
        var command = new Command("ls", "List API keys, newest first") { tenant, state, quiet };
        command.Aliases.Add("list");
        return command.WithAction(global, async context =>
        {
            var query = $"{Parameter("tenant", context.Value(tenant))}{Parameter("state", context.Value(state))}";
            var keys = await context.ListAsync(Path, "keys", query);
            if (context.IsJson) context.WriteList("keys", keys);
            else if (context.Value(quiet)) foreach (var key in keys) context.Screen.Line(key.Text("id")!);
            else context.Screen.Table(["ID", "NAME", "TENANT", "SCOPES", "STATE", "EXPIRES", "LAST USED"], [.. keys.Select(key => Row(context, key))]);
            return 0;
        }).WithExamples(("Find keys that nobody uses", "podflare keys ls --state active"));
    }

    private static Command Rotate(GlobalOptions global)
    {
        var id = Id();
        var overlap = new Option<double?>("--overlap") { Description = "Time for which the old key still works, in seconds; may be 0 [default: 86400]", HelpName = "seconds" };
        return new Command("rotate", "Replace an API key by a new one with the same rights, and write its secret to stdout, once") { id, overlap }.WithAction(global, async context =>
        {
            var body = new JsonObject();
            if (context.Value(overlap) is { } seconds) body["overlap_seconds"] = seconds;
            return WriteSecret(context, await context.SendAsync(HttpMethod.Post, $"{Path}/{Uri.EscapeDataString(context.Value(id)!)}/rotate", body, canRetry: false));
        }).WithExamples(("Replace a key at once", "podflare keys rotate $ID --overlap 0"));
    }

    private static Command Remove(GlobalOptions global)
    {
        var id = Id();
        var command = new Command("rm", "Revoke an API key, and cut its open streams") { id };
        command.Aliases.Add("revoke");
        return command.WithAction(global, async context =>
        {
            await context.DeleteAsync($"{Path}/{Uri.EscapeDataString(context.Value(id)!)}");
            if (context.IsJson) context.Screen.Json(new DeletedJson([context.Value(id)!]), CliJson.Default.DeletedJson);
            else context.Screen.Note($"Revoked {context.Value(id)}.");
            return 0;
        }).WithExamples(("Revoke a key", "podflare keys rm $ID"));
    }

    private static int WriteSecret(CommandContext context, JsonElement key)
    {
        if (context.IsJson)
        {
            context.Screen.Json(key, CliJson.Default.JsonElement);
            return 0;
        }

        context.Screen.Note($"Created {key.Text("id")} of tenant {key.Text("tenant")} with {Scopes(key)}. The secret is shown once:");
        context.Screen.Line(key.Text("key")!);
        return 0;
    }

    private static string[] Row(CommandContext context, JsonElement key) =>
    [
        key.Text("id")!, key.Text("name") ?? "-", key.Text("tenant") ?? "-", Scopes(key), key.Text("state") ?? "-", context.Time(key, "expires_at"), context.Time(key, "last_used_at"),
    ];

    private static string Scopes(JsonElement key) => string.Join(',', key.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));

    private static string Parameter(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static Argument<string> Id() => new("key") { Description = "Key ID: key_ and 24 hex digits" };

    private static Option<string?> Tenant() => new("--tenant") { Description = "Another tenant than the key's own; needs the scope admin", HelpName = "id" };
}
