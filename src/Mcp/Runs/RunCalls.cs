using ModelContextProtocol;

namespace Podflare.Mcp;

/// <summary>Starts and reads runs for tools. A call that is canceled interrupts the run that it has started.</summary>
internal sealed class RunCalls(ISandboxOperations operations, McpSettings settings, TimeProvider time)
{
    private static readonly TimeSpan UndoLimit = TimeSpan.FromSeconds(5);

    private readonly RunWaiter _waiter = new(settings, time);

    /// <param name="sandbox">Empty for a new one.</param>
    public async Task<RunReport> RunAsync(
        string sandbox, RunProgram program, TimeSpan wait, Func<ProgressNotificationValue, CancellationToken, Task>? progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> warnings = [];
        var isNew = sandbox.Length == 0;
        if (isNew) (sandbox, warnings) = await operations.CreateSandboxAsync(new NewSandbox { IdempotencyKey = program.IdempotencyKey, Trace = program.Trace }, cancellationToken);
        // Nobody else knows a sandbox that this call has created, unless the caller may repeat the call.
        var isUnknown = isNew && program.IdempotencyKey is null;
        string? run = null;
        try
        {
            await using var reader = await operations.StartRunAsync(sandbox, program, cancellationToken);
            run = reader.RunId;
            var output = new RunOutput(settings, after: 0);
            await _waiter.WaitAsync(reader, output, wait, progress, cancellationToken);
            warnings = [.. warnings, .. reader.Warnings];
            return new RunReport(sandbox, run, output)
            {
                Warnings = warnings,
                ReplRestarted = reader.ReplRestarted,
                // What was asked for is not what applied if the server says that it has changed it.
                TimeoutSeconds = warnings.Any(warning => warning.Contains("timeout_seconds", StringComparison.Ordinal)) ? null : program.TimeoutSeconds,
            };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (!operations.IsCuttingCalls) await UndoAsync(sandbox, run, isUnknown);
            throw;
        }
        catch (RefusedException) when (isUnknown && run is null)
        {
            await UndoAsync(sandbox, run, isUnknown);
            throw;
        }
    }

    public async Task<RunReport> ReadAsync(
        string sandbox, string run, long after, TimeSpan wait, Func<ProgressNotificationValue, CancellationToken, Task>? progress, CancellationToken cancellationToken)
    {
        await using var reader = await operations.ReadRunAsync(sandbox, run, after, cancellationToken);
        var output = new RunOutput(settings, after);
        await _waiter.WaitAsync(reader, output, wait, progress, cancellationToken);
        return new RunReport(sandbox, run, output);
    }

    private async Task UndoAsync(string sandbox, string? run, bool isUnknown)
    {
        using var limit = new CancellationTokenSource(UndoLimit, time);
        try
        {
            if (isUnknown) await operations.DeleteSandboxAsync(sandbox, limit.Token);
            else if (run is not null) await operations.InterruptRunAsync(sandbox, run, limit.Token);
        }
        catch (Exception e) when (e is RefusedException or OperationCanceledException)
        {
            // Its time limit ends the run, and its idle limit the sandbox.
        }
    }
}
