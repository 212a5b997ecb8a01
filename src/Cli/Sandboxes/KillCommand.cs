using System.CommandLine;
using System.CommandLine.Parsing;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Sandboxes;

/// <summary><c>podflare sandbox kill</c>: signals a run.</summary>
internal static class KillCommand
{
    public static Command Create(GlobalOptions global)
    {
        var id = SandboxCommands.Id(global);
        var run = new Argument<string>("run") { Description = "Run ID, as `podflare sandbox ps` shows it" };
        var signal = new Option<RunSignal?>("--signal", "-s") { Description = "Signal [default: term]", HelpName = "name", CustomParser = Parse };
        var scope = new Option<string>("--scope") { Description = "Which processes [default: group]", HelpName = "process|group|all" };
        scope.AcceptOnlyFromAmong("process", "group", "all");
        return new Command("kill", "Send a signal to a run, or to everything that it started") { id, run, signal, scope }.WithAction(global, async context =>
        {
            var where = context.Value(scope) is { } name ? Enum.Parse<SignalScope>(name, ignoreCase: true) : SignalScope.Group;
            await context.Client.Attach(context.Value(id)!).GetRun(context.Value(run)!).SignalAsync(context.Value(signal) ?? RunSignal.Terminate, where, context.Interruption.Token);
            return 0;
        }).WithExamples(
            ("End a process", "podflare sandbox kill $ID $RUN"),
            ("Kill everything that a run started", "podflare sandbox kill $ID $RUN --signal kill --scope all"));
    }

    private static RunSignal? Parse(ArgumentResult result)
    {
        var word = result.Tokens[0].Value;
        var name = word.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? word : $"SIG{word}";
        foreach (var signal in Enum.GetValues<RunSignal>())
        {
            if (signal.WireName().Equals(name, StringComparison.OrdinalIgnoreCase)) return signal;
        }

        result.AddError($"--signal must be one of {string.Join(", ", Enum.GetValues<RunSignal>().Select(signal => signal.WireName()[3..].ToLowerInvariant()))}, not '{word}'.");
        return null;
    }
}
