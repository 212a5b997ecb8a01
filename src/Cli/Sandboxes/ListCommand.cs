using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

internal static class ListCommand
{
    private const int MaxPage = 1_000;

    public static Command Create(GlobalOptions global)
    {
        var state = new Option<string?>("--state") { Description = "Only those in this state", HelpName = "state" };
        state.AcceptOnlyFromAmong("ready", "ending", "ended", "lost");
        var metadata = new Option<string[]>("--metadata", "-m") { Description = "Only those with this text; may be repeated", HelpName = "name=value" };
        var limit = new Option<int?>("--limit") { Description = "At most this many, the newest first [default: all]", HelpName = "count" };
        return new Command("ls", "List sandboxes, newest first") { state, metadata, limit }.Does(global, async context =>
        {
            var most = context.Value(limit) ?? int.MaxValue;
            if (most <= 0) throw new CliException("--limit must be more than 0.");
            var query = new SandboxQuery
            {
                State = context.Value(state),
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
            context.Screen.Table(
                ["ID", "STATE", "TEMPLATE", "CREATED", "EXPIRES", "METADATA"],
                [.. found.Select(s => (string[])[s.Id, s.State, s.Template ?? "-", Texts.Time(s.CreatedAt), Texts.Time(s.ExpiresAt), Texts.Pairs(s.Metadata)])]);
            return 0;
        });
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
