using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Runs;

namespace Podflare.Cli.Sandboxes;

internal static class LogsCommand
{
    public static Command Create(GlobalOptions global)
    {
        var id = SandboxCommands.Id();
        var run = new Option<string?>("--run") { Description = "Only this run, from its first event that is kept", HelpName = "run" };
        var after = new Option<long>("--after") { Description = "With --run: only what follows this seq", HelpName = "seq" };
        var follow = new Option<bool>("--follow", "-f") { Description = "With --run: wait for more, up to its exit" };
        var command = new Command("logs", "Show the last output of a sandbox, or of one of its runs") { id, run, after, follow };
        command.Validators.Add(result =>
        {
            if (result.GetValue(run) is null && (result.GetValue(follow) || result.GetResult(after) is { Implicit: false })) result.AddError("--after and --follow are for one run: say --run.");
            if (result.GetValue(after) < 0) result.AddError("--after must not be negative.");
        });
        return command.Does(global, async context =>
        {
            var sandbox = context.Client.Attach(context.Value(id)!);
            if (context.Value(run) is not { } runId) return await ReplayAsync(sandbox, context);

            var events = sandbox.GetRun(runId).ReadEventsAsync(context.Value(after), context.Value(follow), context.Interruption.Token);
            var exit = await LiveRun.ShowAsync(events, runId, context.Screen, context.Interruption.Token);
            Tell(exit, context);
            return 0;
        });
    }

    private static async Task<int> ReplayAsync(Sandbox sandbox, CommandContext context)
    {
        var events = await context.Screen.WaitAsync("Reading", () => sandbox.ReplayAsync(context.Interruption.Token));
        string? current = null;
        foreach (var replayed in events)
        {
            if (replayed.RunId != current && !context.IsJson) context.Screen.Note($"run {current = replayed.RunId}");
            LiveRun.Show(replayed.Event, replayed.RunId, context.Screen);
            Tell(replayed.Event as ExitEvent, context);
        }

        return 0;
    }

    private static void Tell(ExitEvent? exit, CommandContext context)
    {
        if (exit is null || context.IsJson) return;
        context.Screen.Note(exit.Reason is null ? $"exit status {exit.Code}" : $"exit status {exit.Code}: {Texts.Reason(exit)}");
    }
}
