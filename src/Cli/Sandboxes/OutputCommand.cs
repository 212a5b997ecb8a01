using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Runs;

namespace Podflare.Cli.Sandboxes;

internal static class OutputCommand
{
    private const string BackgroundRun = "background";

    /// <param name="name">Its name; <c>logs</c> is a hidden alias.</param>
    public static Command Create(GlobalOptions global, string name = "output")
    {
        var id = SandboxCommands.Id(global);
        var run = new Option<string?>("--run") { Description = "Only this run, from its first stored event", HelpName = "run" };
        var after = new Option<long>("--after") { Description = "With --run: only events after this seq", HelpName = "seq" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Wait for further output until no code is running" };
        var background = new Option<bool>("--background") { Description = "Only what ended runs still write" };
        var command = new Command(name, "Show the last output of a sandbox, or the output of one of its runs") { id, run, after, follow, background };
        command.Validate(result =>
        {
            if (result.GetValue(background) && result.GetValue(run) is not null) result.AddError("Use either --run or --background.");
            if (result.GetValue(run) is null && result.GetResult(after) is { Implicit: false }) result.AddError("--after needs --run.");
            if (result.GetValue(after) < 0) result.AddError("--after must not be negative.");
        });
        return command.WithAction(global, async context =>
        {
            var sandbox = context.Client.Attach(context.Value(id)!);
            if (context.Value(background)) await ShowRunAsync(sandbox.GetRun(BackgroundRun), 0, context.Value(follow), context);
            else if (context.Value(run) is { } runId) await ShowRunAsync(sandbox.GetRun(runId), context.Value(after), context.Value(follow), context);
            else await ShowSandboxAsync(sandbox, context.Value(follow), context);
            return 0;
        }).WithExamples(
            ("Show the last output of all runs", "podflare sandbox output $ID"),
            ("Follow running code", "podflare sandbox output --follow $ID"),
            ("Follow what ended runs still write", "podflare sandbox output --background --follow $ID"));
    }

    /// <summary>Shows what is stored; then, if wanted, the open run, and the runs that have started by its end.</summary>
    private static async Task ShowSandboxAsync(Sandbox sandbox, bool follow, CommandContext context)
    {
        var ended = new HashSet<string>(StringComparer.Ordinal);
        string? current = null;
        var late = 0L; // the last event of late output that was shown
        while (true)
        {
            (string Run, long Seq)? open = null;
            foreach (var replayed in await context.Screen.WaitAsync("Reading", () => sandbox.ReplayAsync(context.Interruption.Token)))
            {
                if (replayed.RunId is not { } run)
                {
                    if (replayed.Event.Seq <= late) continue;
                    if (late == 0 && !context.IsJson) context.Screen.Note("late output");
                    late = replayed.Event.Seq;
                    LiveRun.Show(replayed.Event, "background", context.Screen);
                    continue;
                }

                if (ended.Contains(run)) continue;
                if (run != current && !context.IsJson) context.Screen.Note($"run {run}");
                current = run;
                LiveRun.Show(replayed.Event, run, context.Screen);
                open = (run, replayed.Event.Seq);
                if (replayed.Event is not ExitEvent exit) continue;
                ReportExit(exit, context);
                ended.Add(run);
                open = null;
            }

            context.Screen.Out.Flush();
            context.Screen.Err.Flush();
            if (!follow || open is not { } last) return;
            await ShowRunAsync(sandbox.GetRun(last.Run), last.Seq, follow: true, context);
            ended.Add(last.Run);
        }
    }

    private static async Task ShowRunAsync(SandboxRun run, long after, bool follow, CommandContext context)
    {
        var events = run.ReadEventsAsync(after, follow, context.Interruption.Token);
        ReportExit(await LiveRun.ShowAsync(events, run.Id, context.Screen, context.Interruption.Token), context);
    }

    private static void ReportExit(ExitEvent? exit, CommandContext context)
    {
        if (exit is null || context.IsJson) return;
        context.Screen.Note(exit.Reason is null ? $"exit code {Texts.ExitCode(exit)}" : $"exit code {Texts.ExitCode(exit)}: {Texts.Reason(exit)}");
    }
}
