using Podflare.Cli.Output;

namespace Podflare.Cli.Runs;

/// <summary>Passes stdin on to a run, as it comes, up to its end.</summary>
internal static class InputForwarder
{
    private const int PieceBytes = 64 * 1024;

    public static async Task ForwardAsync(SandboxRun run, Screen screen, CancellationToken cancellationToken)
    {
        var from = Console.OpenStandardInput();
        var piece = new byte[PieceBytes];
        try
        {
            int count;
            do
            {
                // A read of a terminal or pipe cannot be canceled; at the end it is abandoned.
                count = await Task.Run(() => from.Read(piece), CancellationToken.None).WaitAsync(cancellationToken);
                await run.WriteStdinAsync(piece.AsMemory(0, count), endOfFile: count == 0, cancellationToken);
            }
            while (count > 0);
        }
        catch (Exception e) when (e is OperationCanceledException or RunEndedException or StdinClosedException)
        {
            // The run reads no more.
        }
        catch (PodflareException e)
        {
            screen.Warn($"Stdin could not be passed on: {e.Message}");
            await LiveRun.InterruptAsync(run, screen);
        }
    }
}
