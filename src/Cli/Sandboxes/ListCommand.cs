using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

internal static class ListCommand
{
    private const int MaxPage = 1_000;

    public static Command Create(GlobalOptions global)
    {
        var state = new Option<string?>("--state") { Description = "Only sandboxes in this state", HelpName = "ready|ending|ended|lost" };
        state.AcceptOnlyFromAmong("ready", "ending", "ended", "lost");
        var metadata = new Option<string[]>("--metadata", "-m") { Description = "Only sandboxes with this metadata (repeatable)", HelpName = "name=value" };
        metadata.RequirePairs();
        var limit = new Option<int?>("--limit") { Description = "Maximum number of sandboxes [default: all]", HelpName = "count" };
        limit.RequirePositive();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write only the IDs, one per line" };
        var command = new Command("ls", "List sandboxes, newest first") { state, metadata, limit, quiet };
        command.Aliases.Add("list");
        return command.WithAction(global, async context =>
        {
            var most = context.Value(limit) ?? int.MaxValue;
            var query = new SandboxQuery
            {
                State = context.Value(state) is { } name ? Enum.Parse<SandboxState>(name, ignoreCase: true) : null,
                Metadata = Texts.ParsePairs(context.Value(metadata), "--metadata"),
                PageSize = Math.Min(most, MaxPage),
            };
            var (found, warnings) = await context.Screen.WaitAsync("Listing", () => ReadAsync(context, query, most));
            if (context.IsJson)
            {
                context.Screen.Json(new SandboxesJson(found, warnings), CliJson.Default.SandboxesJson);
                return 0;
            }

            foreach (var warning in warnings) context.Screen.Warn(warning);
            if (context.Value(quiet))
            {
                foreach (var sandbox in found) context.Screen.Line(sandbox.Id);
                return 0;
            }

            context.Screen.Table(
                ["ID", "STATE", "TEMPLATE", "CREATED", "EXPIRES", "METADATA"],
                [.. found.Select(s => (string[])
                    [s.Id, s.State.ToString().ToLowerInvariant(), s.Template ?? "-", Screen.Time(s.CreatedAt, context.Time), Screen.Time(s.ExpiresAt, context.Time), Texts.Pairs(s.Metadata)])],
                dropLast: true);
            return 0;
        }).WithExamples(
            ("List the sandboxes of a user", "podflare sandbox ls --metadata user=42"),
            ("Use the IDs in a script", "podflare sandbox ls -q --state ready | xargs -n1 podflare sandbox get"));
    }

    private static async Task<(List<SandboxInfo> Found, List<string> Warnings)> ReadAsync(CommandContext context, SandboxQuery query, int most)
    {
        var found = new List<SandboxInfo>();
        var warnings = new List<string>();
        string? cursor = null;
        do
        {
            var page = await context.Client.ListSandboxPageAsync(query, cursor, context.Interruption.Token);
            found.AddRange(page.Sandboxes.Take(most - found.Count));
            warnings.AddRange(page.Warnings.Except(warnings));
            cursor = page.NextCursor;
        }
        while (cursor is not null && found.Count < most);
        return (found, warnings);
    }
}
