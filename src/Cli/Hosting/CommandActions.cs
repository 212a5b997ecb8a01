using System.CommandLine;

namespace Podflare.Cli.Hosting;

/// <summary>Gives a command what it does, and turns what goes wrong into a text and an exit status.</summary>
internal static class CommandActions
{
    public static Command Does(this Command command, GlobalOptions global, Func<CommandContext, Task<int>> action, int failure = ExitCodes.Failed)
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
                return ExitCodes.Interrupted;
            }
            catch (ReaderLeftException)
            {
                return ExitCodes.ReaderLeft;
            }
            catch (Exception e) when (e is PodflareException or CliException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                context.Screen.Fail(e);
                return failure;
            }
        });
        return command;
    }
}
