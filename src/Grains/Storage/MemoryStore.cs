using Orleans.Storage;

namespace Podflare.Storage;

/// <summary>
/// Grain state in this process's memory, with expiry and a bound, which Orleans' own memory storage lacks. States are immutable
/// records, so they are kept as they are.
/// </summary>
/// <param name="expiry">Time after the last write at which an entry is forgotten; null keeps it until cleared.</param>
/// <param name="capacity">Entries held; with an expiry the oldest goes first, without one a further entry is refused.</param>
public sealed class MemoryStore(TimeSpan? expiry, int capacity, TimeProvider time) : IGrainStorage
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, GrainId Grain), Entry> _entries = [];
    private readonly LinkedList<(string Name, GrainId Grain)> _byAge = [];

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_lock)
        {
            Forget();
            if (_entries.TryGetValue((stateName, grainId), out var entry))
            {
                (grainState.State, grainState.ETag, grainState.RecordExists) = ((T)entry.State, entry.ETag, true);
            }
            else
            {
                (grainState.ETag, grainState.RecordExists) = (null, false);
            }
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        lock (_lock)
        {
            Forget();
            Check(key, grainState.ETag);
            Remove(key);
            if (_entries.Count >= capacity) MakeRoom();
            var etag = Guid.NewGuid().ToString("N");
            _entries[key] = new Entry(grainState.State!, etag, time.GetUtcNow(), _byAge.AddLast(key));
            (grainState.ETag, grainState.RecordExists) = (etag, true);
        }

        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        lock (_lock)
        {
            Check(key, grainState.ETag);
            Remove(key);
            (grainState.ETag, grainState.RecordExists) = (null, false);
        }

        return Task.CompletedTask;
    }

    private void Check((string, GrainId) key, string? etag)
    {
        var stored = _entries.GetValueOrDefault(key)?.ETag;
        if (stored != etag) throw new InconsistentStateException("The state was written by another activation.", stored, etag);
    }

    private void Forget()
    {
        if (expiry is not { } age) return;
        var oldest = time.GetUtcNow() - age;
        while (_byAge.First is { } first && _entries[first.Value].WrittenAt < oldest) Remove(first.Value);
    }

    private void MakeRoom()
    {
        if (expiry is null) throw new StorageUnavailableException();
        Remove(_byAge.First!.Value);
    }

    private void Remove((string, GrainId) key)
    {
        if (_entries.Remove(key, out var entry)) _byAge.Remove(entry.Age);
    }

    private sealed record Entry(object State, string ETag, DateTimeOffset WrittenAt, LinkedListNode<(string, GrainId)> Age);
}
