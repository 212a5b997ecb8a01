using Podflare.Http;
using Podflare.Resilience;

namespace Podflare.Files;

/// <summary>The frontend's side of one file transfer.</summary>
internal sealed class FileTransfer(IFileExtension files, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    // A third of the time after which the worker gives up a transfer without progress.
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(10);

    private bool _done;

    public Guid Id { get; private set; }

    /// <summary>Opens the transfer, and retries temporary failures under a new id.</summary>
    public async Task<T> OpenAsync<T>(Func<Guid, CancellationToken, Task<T>> open, TimeLimit deadline)
    {
        return await GrainCallRetry.RetryUntilAsync(
            token =>
            {
                Id = Guid.NewGuid();
                return open(Id, token);
            },
            deadline);
    }

    /// <summary>Waits for the client, and keeps the transfer alive meanwhile.</summary>
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

    /// <summary>The transfer is complete, so there is nothing to undo.</summary>
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
            // The worker undoes the transfer after its own time limit.
            FileLog.NotClosed(logger, e);
        }
    }
}
