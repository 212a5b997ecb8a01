using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Tenants;

/// <summary><c>podflare tenants</c>: who may use a server, and how much. For administrators.</summary>
internal static class TenantCommands
{
    private const string Path = "v1/tenants";

    public static Command Create(GlobalOptions global) => new Command("tenants", "Create, list, change, suspend and delete tenants")
    {
        Add(global),
        List(global),
        Set(global),
        Suspend(global),
        Resume(global),
        Remove(global),
    }.WithExamples(
        ("Create a tenant that may have 50 sandboxes, and a key for it", "podflare tenants create acme --limit sandboxes=50 && podflare keys create ci --tenant acme"));

    private static Command Add(GlobalOptions global)
    {
        var (id, name, limits) = (Id(), Name(), Limits());
        return new Command("create", "Create a tenant") { id, name, limits }.WithAction(global, async context =>
        {
            var body = new JsonObject { ["id"] = context.Value(id) };
            if (context.Value(name) is { } text) body["name"] = text;
            if (context.Value(limits) is { Length: > 0 } some) body["limits"] = Parse(some);
            return Write(context, await context.SendAsync(HttpMethod.Post, Path, body, canRetry: false), "Created");
        }).WithExamples(("Create a tenant", "podflare tenants create acme --name 'Acme Inc.'"));
    }

    private static Command List(GlobalOptions global)
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write only the IDs, one per line" };
        var command = new Command("ls", "List tenants, ordered by ID") { quiet };
        command.Aliases.Add("list");
        return command.WithAction(global, async context =>
        {
            var tenants = await context.ListAsync(Path, "tenants");
            if (context.IsJson) context.WriteList("tenants", tenants);
            else if (context.Value(quiet)) foreach (var tenant in tenants) context.Screen.Line(tenant.Text("id")!);
            else context.Screen.Table(["ID", "NAME", "STATE", "CREATED", "LIMITS"], [.. tenants.Select(tenant => Row(context, tenant))], dropLast: true);
            return 0;
        }).WithExamples(("List tenants", "podflare tenants ls"));
    }

    private static Command Set(GlobalOptions global)
    {
        var (id, name, limits) = (Id(), Name(), Limits());
        var command = new Command("set", "Change the name or the limits of a tenant") { id, name, limits };
        command.Validate(result =>
        {
            if (result.GetResult(name) is null && result.GetResult(limits) is null) result.AddError("Name what to change: --name or --limit.");
        });
        return command.WithAction(global, async context =>
        {
            var body = new JsonObject();
            if (context.Value(name) is { } text) body["name"] = text;
            if (context.Value(limits) is { Length: > 0 } some) body["limits"] = Parse(some);
            return await PatchAsync(context, id, body, "Changed");
        }).WithExamples(("Raise one limit, and give another one back to the server's default", "podflare tenants set acme --limit running=20 --limit sandboxes=default"));
    }

    private static Command Suspend(GlobalOptions global)
    {
        var id = Id();
        var ends = new Option<bool>("--end-sandboxes") { Description = "Also end all its sandboxes" };
        return new Command("suspend", "Refuse the keys of a tenant until it is resumed") { id, ends }.WithAction(global, async context =>
        {
            var body = new JsonObject { ["state"] = "suspended" };
            if (context.Value(ends)) body["end_sandboxes"] = true;
            return await PatchAsync(context, id, body, "Suspended");
        }).WithExamples(("Stop everything that a tenant does", "podflare tenants suspend acme --end-sandboxes"));
    }

    private static Command Resume(GlobalOptions global)
    {
        var id = Id();
        return new Command("resume", "Accept the keys of a suspended tenant again") { id }
            .WithAction(global, context => PatchAsync(context, id, new JsonObject { ["state"] = "active" }, "Resumed"))
            .WithExamples(("Resume a tenant", "podflare tenants resume acme"));
    }

    private static Command Remove(GlobalOptions global)
    {
        var id = Id();
        var command = new Command("rm", "Delete a tenant: its keys end at once, its sandboxes shortly after. Its ID cannot be used again") { id };
        command.Aliases.Add("delete");
        return command.WithAction(global, async context =>
        {
            await context.DeleteAsync(PathOf(context, id));
            if (context.IsJson) context.Screen.Json(new DeletedJson([context.Value(id)!]), CliJson.Default.DeletedJson);
            else context.Screen.Note($"Deleted {context.Value(id)}.");
            return 0;
        }).WithExamples(("Delete a tenant", "podflare tenants rm acme"));
    }

    private static async Task<int> PatchAsync(CommandContext context, Argument<string> id, JsonObject body, string done) =>
        Write(context, await context.SendAsync(HttpMethod.Patch, PathOf(context, id), body), done);

    private static int Write(CommandContext context, JsonElement tenant, string done)
    {
        if (context.IsJson) context.Screen.Json(tenant, CliJson.Default.JsonElement);
        else context.Screen.Note($"{done} {tenant.Text("id")} ({tenant.Text("state")}; limits: {Describe(tenant)}).");
        return 0;
    }

    private static string[] Row(CommandContext context, JsonElement tenant) =>
        [tenant.Text("id")!, tenant.Text("name") ?? "-", tenant.Text("state") ?? "-", context.Time(tenant, "created_at"), Describe(tenant)];

    private static string Describe(JsonElement tenant)
    {
        var own = tenant.GetProperty("limits").EnumerateObject().Where(limit => limit.Value.ValueKind is not JsonValueKind.Null).Select(limit => $"{limit.Name}={limit.Value}");
        return string.Join(' ', own) is { Length: > 0 } text ? text : "default";
    }

    private static JsonObject Parse(string[] pairs)
    {
        var limits = new JsonObject();
        foreach (var pair in pairs)
        {
            var (name, value) = (pair[..pair.IndexOf('=')], pair[(pair.IndexOf('=') + 1)..]);
            limits[name] = value == "default" ? null
                : name == "egress_hosts" ? new JsonArray([.. value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(host => (JsonNode?)host)])
                : long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
                : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
                : throw new CliException($"The limit {name} must be a number or 'default', not '{value}'.");
        }

        return limits;
    }

    private static string PathOf(CommandContext context, Argument<string> id) => $"{Path}/{Uri.EscapeDataString(context.Value(id)!)}";

    private static Argument<string> Id() => new("tenant") { Description = "Tenant ID: 1 to 64 letters, digits, '-', '_' or '.'" };

    private static Option<string?> Name() => new("--name") { Description = "Name for people [default: the ID]", HelpName = "text" };

    private static Option<string[]> Limits()
    {
        var limits = new Option<string[]>("--limit", "-l") { Description = "A limit, such as sandboxes=50 or running=default (repeatable)", HelpName = "name=value" };
        limits.RequirePairs();
        return limits;
    }
}
