namespace Podflare.Sandboxes;

internal static class GrainTask
{
    /// <summary>
    /// Starts a loop on the current grain's scheduler. It is not part of the call that happens to start it, so it does not inherit its
    /// context.
    /// </summary>
    public static Task Start(Func<Task> loop)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Factory.StartNew(loop, CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Current).Unwrap();
        }
    }

    /// <summary>Waits for the end of a task whose failure is handled elsewhere or does not matter.</summary>
    public static async Task IgnoreFailure(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
}
