using Podflare.Http;

namespace Podflare.Files;

/// <summary>The frontend's end of one file on its way.</summary>
internal sealed class FileTransfer(IFileExtension files, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    // A third of the time after which the worker gives up a transfer that nobody moves.
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(10);

    private bool _done;

    public Guid Id { get; private set; }

    /// <summary>Opens it, again under a new id where a moment later may go better.</summary>
    public async Task<T> OpenAsync<T>(Func<Guid, CancellationToken, Task<T>> open, Deadline deadline)
    {
        return await GrainCallRetry.RetryUntilAsync(
            token =>
            {
                Id = Guid.NewGuid();
                return open(Id, token);
            },
            deadline);
    }

    /// <summary>Waits for the client, and tells the worker meanwhile that somebody is there.</summary>
    public async Task<T> WaitForClientAsync<T>(Task<T> client)
    {
        while (!client.IsCompleted)
        {
            try
            {
                return await client.WaitAsync(KeepAliveInterval, time);
            }
            catch (TimeoutException) when (!client.IsCompleted)
            {
                await files.KeepAlive(Id);
            }
        }

        return await client;
    }

    /// <summary>It has come to its end; there is nothing to undo.</summary>
    public void Complete() => _done = true;

    public async ValueTask DisposeAsync()
    {
        if (_done) return;
        try
        {
            await files.Close(Id);
        }
        catch (Exception e)
        {
            // The worker undoes it by itself after a time, or with its end.
            FileLog.NotClosed(logger, e);
        }
    }
}
