using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Sandboxes;

namespace Podflare.Cli.Runs;

/// <summary><c>podflare run</c>: code in a sandbox of its own.</summary>
internal static class RunCommand
{
    public static Command Create(GlobalOptions global)
    {
        var code = new CodeOptions(global);
        var template = SandboxCommands.Template(global);
        var keep = new Option<bool>("--keep") { Description = "Keep the sandbox, and write its ID to stderr" };
        var command = new Command("run", "Run code in a new sandbox and show its output. Exits with the code's exit code, or 125 if the code was not run")
        {
            template,
            keep,
        };
        code.AddTo(command);
        return command.WithAction(
            global,
            async context =>
            {
                var (text, options) = await code.ReadAsync(context);
                await using var sandbox = await context.Screen.WaitAsync(
                    "Creating a sandbox", () => context.Client.CreateSandboxAsync(new SandboxOptions { Template = context.Value(template) }, context.Interruption.Token));
                if (context.Value(keep))
                {
                    sandbox.DeleteOnDispose = false;
                    context.Screen.Note($"sandbox {sandbox.Id}");
                }

                return await LiveRun.RunAsync(sandbox, text, options, context);
            },
            ExitCodes.NotRun,
            LiveRun.NotStarted).WithExamples(
            ("Run one line of Python", "podflare run -c 'print(6 * 7)'"),
            ("Run a file; its extension determines the language", "podflare run script.py"),
            ("Run code from stdin", "echo 'echo $HOME' | podflare run --language bash -"),
            ("Run a command", "podflare run -- ls -l /"));
    }
}
