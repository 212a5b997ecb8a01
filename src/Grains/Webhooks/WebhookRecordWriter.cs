using System.Diagnostics.CodeAnalysis;
using Orleans.Storage;
using Podflare.Storage;

namespace Podflare.Webhooks;

/// <summary>The record of one webhook: changed in memory, and stored at once or, when much happens, from time to time. Changes take turns. For one grain only.</summary>
/// <param name="interval">Time between two writes of changes that need not be stored at once.</param>
/// <param name="replaced">Called when another activation has written.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle is never used has nothing to dispose of.")]
internal sealed class WebhookRecordWriter(GrainRecord<WebhookRecord> record, TimeSpan interval, TimeProvider time, Action replaced)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private WebhookRecord? _unwritten;
    private long? _writtenAt;

    public bool Exists => _unwritten is not null || record.Exists;

    /// <summary>Valid if <see cref="Exists"/>.</summary>
    public WebhookRecord Current => _unwritten ?? record.Value;

    public Task ReadAsync() => record.ReadAsync();

    /// <exception cref="StorageUnavailableException">The store does not answer. Nothing was created, as far as this is known.</exception>
    public async Task CreateAsync(WebhookRecord created)
    {
        await _turn.WaitAsync();
        try
        {
            await WriteAsync(created);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <param name="mustStore">The change counts only once it is stored; otherwise it may be stored later, or get lost with this process.</param>
    /// <exception cref="StorageUnavailableException">With <paramref name="mustStore"/>: the store does not answer. Nothing has changed.</exception>
    /// <exception cref="WebhookNotFoundException">It was deleted meanwhile.</exception>
    public async Task ChangeAsync(Func<WebhookRecord, WebhookRecord> change, bool mustStore)
    {
        await _turn.WaitAsync();
        try
        {
            if (!Exists) throw new WebhookNotFoundException();
            var next = change(Current);
            if (mustStore || IsDue) await WriteAsync(next);
            else _unwritten = next;
        }
        catch (StorageUnavailableException) when (!mustStore && Exists)
        {
            _unwritten = change(Current);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stores what is not stored, if the time for that has come.</summary>
    /// <returns>How long to wait before the next call; null when all is stored.</returns>
    public async Task<TimeSpan?> TryFlushWhenDueAsync()
    {
        if (_unwritten is null) return null;
        if (IsDue) await TryFlushAsync();
        return _unwritten is null ? null : _writtenAt is { } at && interval - time.GetElapsedTime(at) is var left && left > TimeSpan.Zero ? left : interval;
    }

    /// <summary>Stores what is not stored. A store that does not answer is no failure: the calls are made again.</summary>
    public async Task TryFlushAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (_unwritten is { } unwritten) await WriteAsync(unwritten);
        }
        catch (StorageUnavailableException)
        {
            // Later.
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task ClearAsync()
    {
        await _turn.WaitAsync();
        try
        {
            await FenceAsync(record.ClearAsync);
            _unwritten = null;
        }
        finally
        {
            _turn.Release();
        }
    }

    private bool IsDue => _writtenAt is not { } at || time.GetElapsedTime(at) >= interval;

    private async Task WriteAsync(WebhookRecord next)
    {
        await FenceAsync(() => record.WriteAsync(next));
        (_unwritten, _writtenAt) = (null, time.GetTimestamp());
    }

    private async Task FenceAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost: what is stored counts.
            _unwritten = null;
            await record.ReadAsync();
            replaced();
            throw new StorageUnavailableException();
        }
    }
}
