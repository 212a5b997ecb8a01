using System.CommandLine;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Sandboxes;

namespace Podflare.Cli.Terminals;

/// <summary><c>podflare shell</c>: a terminal in a sandbox.</summary>
internal static class ShellCommand
{
    private const int KeyBytes = 4_096;

    [UnsupportedOSPlatformGuard("windows")]
    private static bool HasTerminal => !OperatingSystem.IsWindows() && !Console.IsInputRedirected && !Console.IsOutputRedirected;

    public static Command Create(GlobalOptions global)
    {
        var id = SandboxCommands.Id(global);
        var words = new Argument<string[]>("command") { Description = "Command to run on the terminal, after -- [default: bash]", HelpName = "-- command", Arity = ArgumentArity.ZeroOrMore };
        var attach = new Option<string?>("--attach") { Description = "Continue with a terminal that was left with Ctrl-P Ctrl-Q", HelpName = "run" };
        var command = new Command("shell", "Open a terminal in a sandbox. Leave it with exit, or with Ctrl-P Ctrl-Q to keep it running") { id, words, attach };
        command.Validate(result =>
        {
            var count = result.GetResult(words)?.Tokens.Count ?? 0;
            if (count != (global.WordsAfterDoubleDash ?? 0)) result.AddError("Put -- before the command.");
            else if (count > 0 && result.GetValue(attach) is not null) result.AddError("Use either --attach or a command.");
        });
        return command.WithAction(
            global,
            async context =>
            {
                if (!HasTerminal) throw new CliException("A shell needs a terminal on stdin and stdout.") { Advice = "Use `podflare sandbox exec` in scripts and pipes." };
                var sandbox = context.Client.Attach(context.Value(id)!);
                var size = (Console.WindowWidth, Console.WindowHeight);
                await using var terminal = context.Value(attach) is { } run
                    ? sandbox.AttachTerminal(run)
                    : await sandbox.OpenTerminalAsync(Options(context.Value(words), size), context.Interruption.Token);
                return await UseAsync(terminal, context);
            },
            ExitCodes.NotRun).WithExamples(
            ("Open a shell", "podflare shell $ID"),
            ("Run a program that needs a terminal", "podflare shell $ID -- python3"),
            ("Return to a shell that was left with Ctrl-P Ctrl-Q", "podflare shell $ID --attach $RUN"));
    }

    private static TerminalOptions Options(string[]? words, (int Columns, int Rows) size) => new()
    {
        Columns = Math.Clamp(size.Columns, 1, 1_000),
        Rows = Math.Clamp(size.Rows, 1, 1_000),
        Command = words is { Length: > 0 } ? ProcessCommand.Of(words[0], words[1..]) : ProcessCommand.Of("bash"),
        Env = Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } term ? new Dictionary<string, string> { ["TERM"] = term } : null,
    };

    [UnsupportedOSPlatform("windows")]
    private static async Task<int> UseAsync(SandboxTerminal terminal, CommandContext context)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.Interruption.Token);
        // One change of the size is enough, however often the window was dragged meanwhile.
        var sizes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        bool isDetached;
        using (var local = new RawTerminal(() => sizes.Writer.TryWrite(true)))
        {
            sizes.Writer.TryWrite(true);
            var showing = ShowAsync(terminal, context.Screen, leaving.Token);
            var typing = TypeAsync(terminal, leaving.Token);
            var resizing = ResizeAsync(terminal, local, sizes.Reader, leaving.Token);
            var first = await Task.WhenAny(showing, typing);
            isDetached = first == typing && typing.IsCompletedSuccessfully && await typing;
            // The end of the program also ends the typing; a failure to type ends the showing.
            if (first == typing && !isDetached && typing.IsCompletedSuccessfully) await showing;
            await leaving.CancelAsync();
            await Task.WhenAll(showing, typing, resizing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // Throws what went wrong.
            if (!isDetached) await first;
        }

        if (!isDetached) return terminal.Exit?.Code ?? ExitCodes.NotRun;
        terminal.KillOnDispose = false;
        context.Screen.Out.Write("\n");
        context.Screen.Note("Detached. The program keeps running. Return with:");
        // Not wrapped, so that it can be copied.
        context.Screen.Err.Write($"podflare shell {terminal.Run.SandboxId} --attach {terminal.Run.Id}\n");
        return 0;
    }

    private static async Task ShowAsync(SandboxTerminal terminal, Screen screen, CancellationToken cancellationToken)
    {
        var piece = new byte[64 * 1024];
        while (await terminal.ReadAsync(piece, cancellationToken) is > 0 and var count)
        {
            screen.Out.Write(piece.AsSpan(0, count));
            screen.Out.Flush();
        }
    }

    /// <summary>Passes on what is typed.</summary>
    /// <returns>Whether the user wants to leave the terminal running; false at the end of stdin.</returns>
    [UnsupportedOSPlatform("windows")]
    private static async Task<bool> TypeAsync(SandboxTerminal terminal, CancellationToken cancellationToken)
    {
        var keys = RawTerminal.OpenKeys();
        var detach = new DetachKeys();
        var piece = new byte[KeyBytes];
        while (true)
        {
            // A read of a terminal cannot be canceled; at the end it is abandoned together with the process.
            var count = await Task.Run(() => keys.Read(piece), CancellationToken.None).WaitAsync(cancellationToken);
            if (count == 0) return false;
            var (typed, isDetach) = detach.Filter(piece.AsSpan(0, count));
            try
            {
                if (typed.Length > 0) await terminal.WriteAsync(typed, cancellationToken);
            }
            catch (RunEndedException)
            {
                return false;
            }

            if (isDetach) return true;
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task ResizeAsync(SandboxTerminal terminal, RawTerminal local, ChannelReader<bool> changes, CancellationToken cancellationToken)
    {
        await foreach (var _ in changes.ReadAllAsync(cancellationToken))
        {
            try
            {
                await terminal.ResizeAsync(local.Size.Columns, local.Size.Rows, cancellationToken);
            }
            catch (PodflareException)
            {
                // The size is wrong until the next change; the terminal itself still works.
            }
        }
    }
}
