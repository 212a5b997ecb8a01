namespace Podflare.Harness;

/// <summary>
/// Whether a silo's process is alive. Every call between a silo and something outside it passes through here: once the power is
/// off, calls neither leave nor return, as if the process had been killed.
/// </summary>
internal sealed class Power
{
    private volatile bool _isOff;

    public bool IsOff => _isOff;

    public void Cut() => _isOff = true;

    public async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        if (_isOff) await Forever();
        try
        {
            var answer = await call();
            if (_isOff) await Forever();
            return answer;
        }
        catch when (_isOff)
        {
            await Forever();
            throw;
        }
    }

    public Task CallAsync(Func<Task> call) => CallAsync(async () =>
    {
        await call();
        return true;
    });

    private static Task Forever() => new TaskCompletionSource().Task;
}
