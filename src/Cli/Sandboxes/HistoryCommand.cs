using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

/// <summary><c>podflare sandbox history</c>: what the service logged about a sandbox. The output of its code is another thing: <see cref="OutputCommand"/>.</summary>
internal static class HistoryCommand
{
    private const string Limit = "200";

    // The server stores lines once a second.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <param name="name">Its name; <c>podflare logs</c> is a hidden alias.</param>
    public static Command Create(GlobalOptions global, string name = "history")
    {
        var id = SandboxCommands.Id(global);
        var follow = new Option<bool>("--follow", "-f") { Description = "Wait for further lines, until Ctrl-C" };
        var after = new Option<long?>("--after") { Description = "Begin after the line with this number [default: the oldest that is kept]", HelpName = "number" };
        var command = new Command(name, "Show what the service logged about a sandbox: its creation, its runs, why it ended") { id, follow, after };
        return command.WithAction(global, async context =>
        {
            var path = $"v1/sandboxes/{Uri.EscapeDataString(context.Value(id)!)}/logs";
            var next = context.Value(after) ?? 0;
            while (true)
            {
                var page = await context.SendAsync(HttpMethod.Get, QueryPath.Of(path, ("after", next.ToString(CultureInfo.InvariantCulture)), ("limit", Limit)));
                if (page.GetProperty("dropped").GetInt64() is > 0 and var dropped) context.Screen.Note($"{dropped} older lines are no longer kept.");
                foreach (var line in page.GetProperty("logs").EnumerateArray()) context.Screen.Line(context.IsJson ? line.GetRawText() : Line(context, line));
                var reached = page.GetProperty("next_after").GetInt64();
                if (reached == next)
                {
                    if (!context.Value(follow)) return 0;
                    context.Screen.Out.Flush();
                    await Task.Delay(Interval, context.Time, context.Interruption.Token);
                }

                next = reached;
            }
        }).WithExamples(
            ("See why a sandbox ended", "podflare sandbox history $ID"),
            ("Follow what happens to a sandbox", "podflare sandbox history -f $ID"));
    }

    private static string Line(CommandContext context, JsonElement line) => $"{context.Time(line, "ts")}  {line.Text("level"),-8} {line.Text("source"),-8} {line.Text("message")}";
}
