using System.CommandLine;
using System.Text.Json;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Audit;

/// <summary><c>podflare audit</c>: who did what, and whether the log is intact.</summary>
internal static class AuditCommands
{
    private const int MaxPage = 1_000;

    public static Command Create(GlobalOptions global) => new Command("audit", "Show and check the audit log") { List(global), Verify(global) }.WithExamples(
        ("Check that nobody has changed the log", "podflare audit verify"));

    private static Command List(GlobalOptions global)
    {
        var from = new Option<string?>("--from") { Description = "The earliest time", HelpName = "time" };
        var to = new Option<string?>("--to") { Description = "The time before which entries are listed", HelpName = "time" };
        var action = new Option<string?>("--action") { Description = "Only this action, such as key.revoke", HelpName = "action" };
        var actor = new Option<string?>("--actor") { Description = "Only acts of the key with this ID", HelpName = "id" };
        var limit = new Option<int?>("--limit") { Description = "Maximum number of entries [default: 100]", HelpName = "count" };
        limit.RequirePositive();
        var tenant = Tenant();
        var command = new Command("ls", "List entries, newest first") { from, to, action, actor, limit, tenant };
        return command.WithAction(global, async context =>
        {
            (string, string?)[] filter = [("from", context.Value(from)), ("to", context.Value(to)), ("action", context.Value(action)), ("actor", context.Value(actor)), ("tenant", context.Value(tenant))];
            var entries = await context.Screen.WaitAsync("Listing", () => ReadAsync(context, filter, context.Value(limit) ?? 100));
            if (context.IsJson)
            {
                foreach (var entry in entries) context.Screen.Line(entry.GetRawText());
                return 0;
            }

            context.Screen.Table(["SEQ", "AT", "ACTION", "ACTOR", "TARGET", "REASON", "ADDRESS"], [.. entries.Select(Row)]);
            return 0;
        }).WithExamples(("Who revoked keys", "podflare audit ls --action key.revoke"));
    }

    private static Command Verify(GlobalOptions global)
    {
        var file = new Option<FileInfo?>("--log") { Description = "A log of the workers, whose audit lines are compared", HelpName = "file" };
        var tenant = Tenant();
        var command = new Command("verify", "Check that no entry was altered, removed or inserted") { file, tenant };
        return command.WithAction(global, async context =>
        {
            var entries = await context.Screen.WaitAsync("Reading", () => ReadAsync(context, [("tenant", context.Value(tenant))], int.MaxValue));
            var check = new AuditCheck();
            foreach (var entry in Enumerable.Reverse(entries)) check.Add(entry);
            if (context.Value(file) is { } log) check.Compare(log);
            foreach (var fault in check.Faults) context.Screen.Line(fault);
            context.Screen.Note(check.Summary);
            return check.Faults.Count == 0 ? 0 : 1;
        }).WithExamples(
            ("Check the whole log", "podflare audit verify"),
            ("Compare it with what the workers have logged", "podflare audit verify --log worker.log"));
    }

    private static Option<string?> Tenant() => new("--tenant") { Description = "Another tenant; needs an administrator's key", HelpName = "id" };

    private static async Task<List<JsonElement>> ReadAsync(CommandContext context, (string Name, string? Value)[] filter, int most)
    {
        List<JsonElement> entries = [];
        string? cursor = null;
        do
        {
            var path = QueryPath.Of("v1/audit", [.. filter, ("limit", $"{Math.Min(most - entries.Count, MaxPage)}"), ("cursor", cursor)]);
            var page = JsonElement.Parse(await context.GetTextAsync(path));
            entries.AddRange(page.GetProperty("entries").EnumerateArray());
            var next = page.GetProperty("next_cursor").GetString();

            // A cursor that does not advance would loop forever.
            cursor = next == cursor ? null : next;
        }
        while (cursor is not null && entries.Count < most);
        return entries;
    }

    private static string[] Row(JsonElement entry)
    {
        var (actor, source) = (entry.GetProperty("actor"), entry.GetProperty("source"));
        return
        [
            entry.GetProperty("seq").GetRawText(), Text(entry, "at"), Text(entry, "action"), Text(actor, "id") is var id && id != "-" ? id : Text(actor, "type"),
            Text(entry.GetProperty("target"), "id"), Text(entry, "reason"), source.ValueKind is JsonValueKind.Object ? Text(source, "address") : "-",
        ];
    }

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString() ?? "-";
}
