namespace Podflare.Harness;

/// <summary>
/// Whether a silo's process is alive. Every call between a silo and something outside it passes through here: once the power is
/// off, calls neither leave nor return, as if the process had been killed.
/// </summary>
internal sealed class Power
{
    private readonly TaskCompletionSource _forever = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isOff;

    public bool IsOff => _isOff;

    public void Cut() => _isOff = true;

    /// <summary>The test is over: what still waits in the dead process fails, so that its objects can be disposed of.</summary>
    public void End()
    {
        Cut();
        _forever.TrySetException(new ObjectDisposedException(nameof(Power)));
        _ = _forever.Task.Exception;
    }

    public async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        if (_isOff) await _forever.Task;
        try
        {
            var answer = await call();
            if (_isOff) await _forever.Task;
            return answer;
        }
        catch when (_isOff)
        {
            await _forever.Task;
            throw;
        }
    }

    public Task CallAsync(Func<Task> call) => CallAsync(async () =>
    {
        await call();
        return true;
    });
}
