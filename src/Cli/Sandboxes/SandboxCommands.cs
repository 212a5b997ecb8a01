using System.CommandLine;
using System.CommandLine.Completions;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Runs;
using Podflare.Cli.Terminals;

namespace Podflare.Cli.Sandboxes;

/// <summary><c>podflare sandbox</c>: sandboxes that outlive a single run.</summary>
internal static class SandboxCommands
{
    public static Command Create(GlobalOptions global) => new Command("sandbox", "Create, list, use and delete sandboxes")
    {
        CreateCommand.Create(global),
        ListCommand.Create(global),
        Get(global),
        DeleteCommand.Create(global),
        Exec(global),
        ShellCommand.Create(global),
        RunListCommand.Create(global),
        KillCommand.Create(global),
        OutputCommand.Create(global),
        HistoryCommand.Create(global),
        OutputCommand.Create(global, "logs").Hide(),
        CopyCommand.Create(global),
    }.WithExamples(
        ("Create a sandbox, use it, and delete it", "ID=$(podflare sandbox create)\n  podflare sandbox exec $ID -c 'print(6 * 7)'\n  podflare sandbox rm $ID"));

    public static Argument<string> Id(GlobalOptions global)
    {
        var id = new Argument<string>("id") { Description = "Sandbox ID: sbx_ and 32 hex digits", HelpName = "id" };
        id.Validators.Add(static result => Validation.RejectAddress(result, "a sandbox ID"));
        id.CompletionSources.Add(context => ServerCompletion.Ids(context, global));
        return id;
    }

    public static Option<string?> Template(GlobalOptions global)
    {
        var template = new Option<string?>("--template") { Description = "Template of the sandbox [default: the server's]", HelpName = "name" };
        template.Validators.Add(static result => Validation.RejectAddress(result, "a template name"));
        template.CompletionSources.Add(context => ServerCompletion.Templates(context, global));
        return template;
    }

    private static Command Get(GlobalOptions global)
    {
        var id = Id(global);
        return new Command("get", "Show a sandbox") { id }.WithAction(global, async context =>
        {
            var info = await context.Client.Attach(context.Value(id)!).GetInfoAsync(context.Interruption.Token);
            if (context.IsJson)
            {
                context.Screen.Json(info, CliJson.Default.SandboxInfo);
                return 0;
            }

            foreach (var (name, value) in new (string, string?)[]
            {
                ("id", info.Id),
                ("state", info.State.ToString().ToLowerInvariant()),
                ("template", info.Template),
                ("created", Both(info.CreatedAt)),
                ("expires", info.EndedAt is null ? Both(info.ExpiresAt) : null),
                ("idle timeout", $"{info.IdleTimeoutSeconds:0.###} s"),
                ("egress", info.EgressAllow.Count > 0 ? string.Join(", ", info.EgressAllow) : info.Egress ? "yes" : "no"),
                ("metadata", Texts.Pairs(info.Metadata)),
                ("ended", info.EndedAt is null ? null : Both(info.EndedAt)),
                ("ended reason", info.EndedReason?.ToString().ToLowerInvariant()),
            })
            {
                if (value is not null) context.Screen.Line($"{name + ":",-14} {Texts.Clean(value)}");
            }

            return 0;

            string Both(DateTimeOffset? time) => $"{Texts.Time(time)} ({Texts.Relative(time, context.Time.GetUtcNow())})";
        }).WithExamples(("Show a sandbox", "podflare sandbox get $ID"));
    }

    private static Command Exec(GlobalOptions global)
    {
        var id = Id(global);
        var code = new CodeOptions(global);
        var command = new Command("exec", "Run code in a sandbox and show its output. Exits with the code's exit code, or 125 if the code was not run") { id };
        code.AddTo(command);
        return command.WithAction(
            global,
            async context =>
            {
                var (text, options) = await code.ReadAsync(context);
                return await LiveRun.RunAsync(context.Client.Attach(context.Value(id)!), text, options, context);
            },
            ExitCodes.NotRun,
            LiveRun.NotStarted).WithExamples(
            ("Run Python; variables persist from run to run", "podflare sandbox exec $ID -c 'x = 21'\n  podflare sandbox exec $ID -c 'print(x * 2)'"),
            ("Run a file", "podflare sandbox exec $ID script.py"),
            ("Run a command", "podflare sandbox exec $ID -- ls -l /root"));
    }
}
