using System.CommandLine;

namespace Podflare.Cli.Hosting;

/// <summary>Attaches an action to a command, and turns failures into a message and an exit code.</summary>
internal static class CommandActions
{
    private const string Interrupted = "Interrupted.";

    public static Command WithAction(
        this Command command, GlobalOptions global, Func<CommandContext, Task<int>> action, int failure = ExitCodes.Failed, string interrupted = Interrupted)
    {
        command.SetAction(async (parsed, _) =>
        {
            using var context = new CommandContext(parsed, global);
            try
            {
                return await action(context);
            }
            catch (OperationCanceledException) when (context.Interruption.Token.IsCancellationRequested)
            {
                if (!context.IsJson) context.Screen.Note(interrupted);
                return ExitCodes.Interrupted;
            }
            catch (BrokenPipeException)
            {
                return ExitCodes.BrokenPipe;
            }
            catch (Exception e) when (e is PodflareException or CliException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                context.Screen.WriteError(e, context.SandboxId);
                return failure;
            }
        });
        return command;
    }

    /// <summary>Leaves a command out of help and completion: a second name that only scripts use.</summary>
    public static Command Hide(this Command command)
    {
        command.Hidden = true;
        return command;
    }

    /// <summary>Adds examples to the help of a command, one per line: what it does, then the command line.</summary>
    public static Command WithExamples(this Command command, params (string Purpose, string Line)[] examples)
    {
        HelpExamples.Add(command, examples);
        return command;
    }
}
