using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Runs;

/// <summary>Runs code with its output as it comes, and interrupts it when asked to.</summary>
internal static class LiveRun
{
    /// <returns>The code's own exit status.</returns>
    public static async Task<int> RunAsync(Sandbox sandbox, string code, RunOptions options, CommandContext context)
    {
        using var run = await sandbox.StartRunAsync(code, options, context.Interruption.Token);
        foreach (var warning in run.Warnings) context.Screen.Warn(warning);
        if (run.ReplRestarted) context.Screen.Warn("The process of the runs before had died: names and imports are gone.");
        var interrupting = Task.CompletedTask;
        await using var _ = context.Interruption.Token.Register(() => interrupting = InterruptAsync(run, context.Screen));
        try
        {
            var exit = await ShowAsync(run.ReadEventsAsync(), run.Id, context.Screen, CancellationToken.None);
            await interrupting;
            if (exit is { Reason: not null } && !context.IsJson) context.Screen.Note($"The run was ended: {Texts.Reason(exit)} (exit status {exit.Code}).");
            return exit!.Code;
        }
        catch (ReaderLeftException)
        {
            await InterruptAsync(run, context.Screen);
            throw;
        }
    }

    /// <summary>Writes a run's events.</summary>
    /// <returns>The exit; null where reading ended before.</returns>
    public static async Task<ExitEvent?> ShowAsync(IAsyncEnumerable<SandboxEvent> events, string run, Screen screen, CancellationToken cancellationToken)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var reading = events.GetAsyncEnumerator(leave.Token);
        while (true)
        {
            var next = reading.MoveNextAsync().AsTask();
            // What has come together leaves together; before a wait everything leaves.
            if (!next.IsCompleted) await FlushBesideAsync(next);
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

        async Task FlushBesideAsync(Task move)
        {
            try
            {
                Flush();
            }
            catch
            {
                // An enumerator may only be disposed of between two moves.
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
            // On one terminal the two keep their order.
            screen.Err.Flush();
            screen.Out.Write(stdout.Data);
        }
        else if (e is StderrEvent stderr)
        {
            screen.Out.Flush();
            screen.Err.Write(stderr.Data);
        }
    }

    private static async Task InterruptAsync(SandboxRun run, Screen screen)
    {
        try
        {
            if (screen.ShowsProgress) screen.Note("Interrupting; again to leave at once.");
            await run.InterruptAsync();
        }
        catch (PodflareException e)
        {
            screen.Warn($"The run could not be interrupted: {e.Message}");
        }
    }
}
