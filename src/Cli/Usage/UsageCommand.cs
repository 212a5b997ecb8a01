using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Usage;

/// <summary><c>podflare usage</c>: what the keys of a tenant have used.</summary>
internal static class UsageCommand
{
    private static readonly string[] Groups = ["day", "tenant", "key"];

    private static readonly (string Field, string Heading)[] Amounts =
    [
        ("sandboxes", "SANDBOXES"), ("sandbox_seconds", "SECONDS"), ("cpu_seconds", "CPU SECONDS"), ("memory_gib_seconds", "GIB SECONDS"), ("runs", "RUNS"), ("bytes_out", "BYTES OUT"),
    ];

    public static Command Create(GlobalOptions global)
    {
        var from = new Option<string?>("--from") { Description = "First day [default: 29 days before --to]", HelpName = "yyyy-mm-dd" };
        var to = new Option<string?>("--to") { Description = "Last day, included [default: today]", HelpName = "yyyy-mm-dd" };
        var by = new Option<string?>("--by") { Description = "What to group by [default: day,key]", HelpName = "day,key,tenant" };
        var tenant = new Option<string?>("--tenant") { Description = "Another tenant, or * for all; needs an administrator's key", HelpName = "id" };
        var csv = new Option<bool>("--csv") { Description = "Write CSV" };
        var command = new Command("usage", "Show what API keys have used, per day in UTC") { from, to, by, tenant, csv };
        return command.WithAction(global, async context =>
        {
            var path = QueryPath.Of(
                "v1/usage", ("from", context.Value(from)), ("to", context.Value(to)), ("group_by", context.Value(by)), ("tenant", context.Value(tenant)),
                ("format", context.Value(csv) ? "csv" : "json"));
            var answer = await context.Screen.WaitAsync("Reading", () => context.GetTextAsync(path));
            if (context.Value(csv)) context.Screen.Out.Write(answer);
            else if (context.IsJson) context.Screen.Line(answer);
            else Show(context, answer);
            return 0;
        }).WithExamples(
            ("This month's usage by key", "podflare usage --from 2026-11-01 --by key"),
            ("For a spreadsheet", "podflare usage --from 2026-11-01 --to 2026-11-30 --csv > november.csv"));
    }

    private static void Show(CommandContext context, string answer)
    {
        using var report = JsonDocument.Parse(answer);
        var rows = report.RootElement.GetProperty("rows").EnumerateArray().ToArray();
        string[] groups = [.. Groups.Where(group => rows is [var first, ..] && first.TryGetProperty(group, out _))];
        var total = report.RootElement.GetProperty("total");
        List<string[]> lines = [.. rows.Select(row => (string[])[.. groups.Select(group => Group(row, group)), .. Amounts.Select(amount => Number(row, amount.Field))])];
        if (groups.Length > 0) lines.Add([.. groups.Select((_, i) => i == 0 ? "total" : ""), .. Amounts.Select(amount => Number(total, amount.Field))]);
        context.Screen.Table([.. groups.Select(group => group.ToUpperInvariant()), .. Amounts.Select(amount => amount.Heading)], lines);
    }

    private static string Group(JsonElement row, string group) =>
        group == "key" && row.TryGetProperty("key_name", out var name) && name.GetString() is { } known ? known : row.GetProperty(group).GetString() ?? "-";

    private static string Number(JsonElement row, string field) => row.GetProperty(field).GetDecimal().ToString(CultureInfo.InvariantCulture);
}
