using System.Text;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Runs;

/// <summary>Runs code, shows its output as it is written, and interrupts it on a signal.</summary>
internal static class LiveRun
{
    public const string NotStarted = "Interrupted before the run started. No code was run.";

    /// <returns>The code's own exit code.</returns>
    public static async Task<int> RunAsync(Sandbox sandbox, string code, RunOptions options, CommandContext context)
    {
        using var run = await sandbox.StartRunAsync(code, options, context.Interruption.Token);
        var interrupting = Task.CompletedTask;
        await using var _ = context.Interruption.Token.Register(() => interrupting = InterruptAsync(run, context.Screen));
        using var ended = new CancellationTokenSource();
        var forwarding = options.Stdin is null ? Task.CompletedTask : InputForwarder.ForwardAsync(run, context.Screen, ended.Token);
        try
        {
            var exit = await ShowAsync(run.ReadEventsAsync(), run.Id, context.Screen, CancellationToken.None);
            await interrupting;
            if (exit is { Reason: not null } && !context.IsJson) context.Screen.Note($"The run ended early: {Texts.Reason(exit)} (exit code {Texts.ExitCode(exit)}).");
            return exit!.Code;
        }
        catch (BrokenPipeException)
        {
            await InterruptAsync(run, context.Screen);
            throw;
        }
        finally
        {
            await ended.CancelAsync();
            await forwarding;
        }
    }

    /// <summary>Shows the events of a run.</summary>
    /// <returns>The exit event; null if the stream ended without one.</returns>
    public static async Task<ExitEvent?> ShowAsync(IAsyncEnumerable<SandboxEvent> events, string run, Screen screen, CancellationToken cancellationToken)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var reading = events.GetAsyncEnumerator(leave.Token);
        while (true)
        {
            var next = reading.MoveNextAsync().AsTask();
            // Events that arrive together are written together; everything is written before a wait.
            if (!next.IsCompleted) await FlushDuringAsync(next);
            if (!await next)
            {
                Flush();
                return null;
            }

            Show(reading.Current, run, screen);
            if (reading.Current is not ExitEvent exit) continue;
            Flush();
            return exit;
        }

        async Task FlushDuringAsync(Task move)
        {
            try
            {
                Flush();
            }
            catch
            {
                // An enumerator must not be disposed during a move.
                await leave.CancelAsync();
                await move.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }

        void Flush()
        {
            screen.Out.Flush();
            screen.Err.Flush();
        }
    }

    public static void Show(SandboxEvent e, string run, Screen screen)
    {
        if (screen.IsJson)
        {
            EventJson.Write(e, run, screen.Out);
        }
        else if (e is StdoutEvent stdout)
        {
            // On a terminal, stdout and stderr keep their order.
            screen.Err.Flush();
            if (stdout.Bytes is { } bytes) screen.Out.Write(bytes);
            else screen.Out.Write(stdout.Data);
        }
        else if (e is StderrEvent stderr)
        {
            screen.Out.Flush();
            if (stderr.Bytes is { } bytes) screen.Err.Write(bytes);
            else screen.Err.Write(stderr.Data);
        }
        else if (e is TerminalEvent terminal)
        {
            screen.Out.Write(terminal.Data.Span);
        }
        else if (e is FileChangedEvent file)
        {
            screen.Out.Write($"{file.Change.ToString().ToLowerInvariant()} {Texts.Clean(file.Path ?? Encoding.UTF8.GetString(file.PathBytes ?? []))}\n");
        }
        else if (e is ResultEvent result)
        {
            screen.Err.Flush();
            screen.Out.Write($"{result.Text ?? $"[{string.Join(", ", result.Data.Keys)}]"}\n");
        }
        else if (e is InputRequestEvent request)
        {
            screen.Err.Flush();
            screen.Out.Write(request.Prompt);
        }
        else if (e is DroppedEvent dropped)
        {
            screen.Note($"{dropped.Bytes} bytes of output were dropped.");
        }
    }

    public static async Task InterruptAsync(SandboxRun run, Screen screen)
    {
        try
        {
            if (screen.ShowsProgress) screen.Note("Interrupting the run. Press Ctrl-C again to exit immediately.");
            await run.InterruptAsync();
        }
        catch (PodflareException e)
        {
            screen.Warn($"The run could not be interrupted: {e.Message}");
        }
    }
}
