using System.CommandLine;
using System.Globalization;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

/// <summary><c>podflare sandbox ps</c>: what runs in a sandbox.</summary>
internal static class RunListCommand
{
    public static Command Create(GlobalOptions global)
    {
        var id = SandboxCommands.Id(global);
        var all = new Option<bool>("--all", "-a") { Description = "Include runs that have ended, up to the last 256" };
        var tag = new Option<string?>("--tag") { Description = "Only runs with this label", HelpName = "text" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write only the IDs, one per line" };
        return new Command("ps", "List the code and processes that run in a sandbox, newest first") { id, all, tag, quiet }.WithAction(global, async context =>
        {
            var sandbox = context.Client.Attach(context.Value(id)!);
            var runs = new List<RunInfo>();
            await foreach (var run in sandbox.ListRunsAsync(new RunQuery { Tag = context.Value(tag) }, context.Interruption.Token))
            {
                if (context.Value(all) || run.State is not RunState.Ended) runs.Add(run);
            }

            if (context.IsJson) context.Screen.Json(new RunsJson(runs), CliJson.Default.RunsJson);
            else if (context.Value(quiet)) runs.ForEach(run => context.Screen.Line(run.Id));
            else context.Screen.Table(["RUN", "STATE", "KIND", "STARTED", "PID", "WHAT"], [.. runs.Select(run => Row(run, context.Time))], keep: "PID");
            return 0;
        }).WithExamples(
            ("List what runs", "podflare sandbox ps $ID"),
            ("List the last runs with their exit codes", "podflare sandbox ps --all $ID"));
    }

    private static string[] Row(RunInfo run, TimeProvider clock) =>
    [
        run.Id,
        run.ExitCode is { } code ? $"exit {code}" : run.State.ToString().ToLowerInvariant(),
        run.Kind.ToString().ToLowerInvariant(),
        Screen.Time(run.StartedAt ?? run.CreatedAt, clock),
        run.ProcessId?.ToString(CultureInfo.InvariantCulture) ?? "-",
        run.Tag ?? (run.Arguments is { Count: > 0 } words ? string.Join(' ', words) : run.Context ?? run.Language ?? "-"),
    ];
}
