using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Feed;

/// <summary><c>podflare events</c>: what happened to the sandboxes and runs of a tenant.</summary>
internal static class EventsCommand
{
    private const int WaitSeconds = 20;

    public static Command Create(GlobalOptions global)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Wait for further events, until Ctrl-C" };
        var after = new Option<long?>("--after") { Description = "Begin after the event with this seq [default: the oldest that is kept]", HelpName = "seq" };
        var types = new Option<string[]>("--types", "-t") { Description = "Only these types, such as run.ended or sandbox.* (repeatable)", HelpName = "type" };
        var sandbox = new Option<string?>("--sandbox") { Description = "Only events of this sandbox", HelpName = "id" };
        var command = new Command("events", "List or follow what happens to sandboxes and runs") { follow, after, types, sandbox };
        return command.WithAction(global, async context =>
        {
            var next = context.Value(after) ?? 0;
            while (true)
            {
                var path = QueryPath.Of(
                    "v1/events", ("after", Text(next)), ("limit", "1000"), ("types", context.Value(types) is { Length: > 0 } some ? string.Join(',', some) : null),
                    ("sandbox", context.Value(sandbox)), ("wait", context.Value(follow) ? Text(WaitSeconds) : null));
                var page = await context.SendAsync(HttpMethod.Get, path);
                foreach (var told in page.GetProperty("events").EnumerateArray()) context.Screen.Line(context.IsJson ? told.GetRawText() : Line(context, told));
                var reached = page.GetProperty("next_after").GetInt64();
                if (!context.Value(follow) && reached == next) return 0;
                next = reached;
            }
        }).WithExamples(
            ("Follow the ends of runs", "podflare events -f --types run.ended"),
            ("Continue where an earlier list ended, as JSON lines", "podflare events --after 812 --json"));
    }

    private static string Line(CommandContext context, JsonElement told)
    {
        var at = Screen.Time(DateTimeOffset.FromUnixTimeMilliseconds(told.GetProperty("ts").GetInt64()), context.Time);
        var subject = told.Text("run_id") is { } run ? $"{told.Text("sandbox_id")} {run}" : told.Text("sandbox_id");
        return $"{told.GetProperty("seq").GetRawText(),-6} {at}  {told.Text("type"),-16} {subject}  {told.GetProperty("data").GetRawText()}";
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
