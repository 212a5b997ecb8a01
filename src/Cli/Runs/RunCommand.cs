using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Runs;

/// <summary><c>podflare run</c>: code in a sandbox of its own.</summary>
internal static class RunCommand
{
    public static Command Create(GlobalOptions global)
    {
        var code = new CodeOptions();
        var template = new Option<string?>("--template") { Description = "Template of the sandbox", HelpName = "name" };
        var keep = new Option<bool>("--keep") { Description = "Keep the sandbox and tell its id on stderr" };
        var command = new Command("run", "Run code in a fresh sandbox, with its output as it comes; the exit status is the code's own (125: the code was not run)")
        {
            template,
            keep,
        };
        code.AddTo(command);
        return command.Does(global, async context =>
        {
            var (text, options) = await code.ReadAsync(context);
            await using var sandbox = await context.Screen.WaitAsync(
                "Creating a sandbox", () => context.Client.CreateSandboxAsync(new SandboxOptions { Template = context.Value(template) }, context.Interruption.Token));
            foreach (var warning in sandbox.Warnings) context.Screen.Warn(warning);
            if (context.Value(keep))
            {
                sandbox.DeleteOnDispose = false;
                context.Screen.Note($"sandbox {sandbox.Id}");
            }

            return await LiveRun.RunAsync(sandbox, text, options, context);
        }, ExitCodes.NotRun);
    }
}
