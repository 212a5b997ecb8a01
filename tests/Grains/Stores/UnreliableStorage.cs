using System.Globalization;
using Orleans.Runtime;
using Orleans.Storage;
using Podflare.Harness;
using Podflare.Storage;

namespace Podflare.Stores;

/// <summary>
/// The grain storage of a cluster, which outlives its silos. Records are serialized as they are for Redis, and are as strictly fenced
/// by their ETags. Inherits the faults that calls can be made to meet.
/// </summary>
public sealed class UnreliableStorage(Clock clock) : FaultPlan<StorageOperation>(() => new TimeoutException("the scripted storage does not answer"))
{
    private static readonly RecordSerializer Serializer = new();

    private readonly Lock _lock = new();
    private Dictionary<string, Entry> _entries = [];
    private long _version;
    private volatile Fault? _away;

    /// <summary>The keys of all records, <c>{record}/{grain key}</c>.</summary>
    public IReadOnlyList<string> Keys
    {
        get { lock (_lock) return [.. _entries.Keys.Order(StringComparer.Ordinal)]; }
    }

    /// <summary>Writes that were done.</summary>
    public long Writes => Interlocked.Read(ref _version);

    /// <summary>Every call fails until the result is disposed, and the processes know that the store cannot be reached.</summary>
    public Fault GoAway() => _away = Fail();

    /// <summary><see cref="GoAway"/> is in force.</summary>
    public bool IsAway => _away is { IsOver: false };

    /// <summary>A record was changed or lost behind the back of its grain.</summary>
    internal bool WasRewritten { get; private set; }

    /// <summary>What is stored; null without a record.</summary>
    public T? Find<T>(string record, string key)
        where T : class
    {
        lock (_lock) return _entries.TryGetValue($"{record}/{key}", out var entry) ? Serializer.Deserialize<T>(entry.Bytes) : null;
    }

    /// <summary>The store forgets a record.</summary>
    /// <returns>False when there was none.</returns>
    public bool Lose(string record, string key)
    {
        WasRewritten = true;
        lock (_lock) return _entries.Remove($"{record}/{key}");
    }

    /// <summary>Changes the stored JSON of a record behind the grain's back; the ETag stays.</summary>
    public void Edit(string record, string key, Func<string, string> edit)
    {
        WasRewritten = true;
        lock (_lock)
        {
            var entry = _entries[$"{record}/{key}"];
            _entries[$"{record}/{key}"] = entry with { Bytes = BinaryData.FromString(edit(entry.Bytes.ToString())) };
        }
    }

    /// <summary>Another activation writes the same content: the next write of the one that has read it before fails.</summary>
    public void Touch(string record, string key)
    {
        WasRewritten = true;
        lock (_lock) _entries[$"{record}/{key}"] = _entries[$"{record}/{key}"] with { ETag = NextTag() };
    }

    public StorageSnapshot TakeSnapshot()
    {
        lock (_lock) return new StorageSnapshot(new Dictionary<string, Entry>(_entries));
    }

    /// <summary>The store goes back in time, as after a failover to a replica that lagged.</summary>
    public void RestoreSnapshot(StorageSnapshot snapshot)
    {
        WasRewritten = true;
        lock (_lock) _entries = new Dictionary<string, Entry>(snapshot.Entries);
    }

    /// <summary>Forgets everything except some records, for the next test.</summary>
    /// <param name="except">How the keys begin that stay.</param>
    internal void Clear(string except)
    {
        ClearFaults();
        lock (_lock) _entries = _entries.Where(entry => entry.Key.StartsWith(except, StringComparison.Ordinal)).ToDictionary();
    }

    internal Task ReadAsync<T>(string record, GrainId grain, IGrainState<T> state, TimeSpan? expiry) => MeetAsync(StorageOperation.Read, KeyOf(record, grain), () =>
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(KeyOf(record, grain), out var entry) && !(expiry is { } age && clock.GetUtcNow() - entry.WrittenAt >= age))
            {
                (state.State, state.ETag, state.RecordExists) = (Serializer.Deserialize<T>(entry.Bytes), entry.ETag, true);
            }
            else
            {
                (state.ETag, state.RecordExists) = (null, false);
            }
        }

        return Task.FromResult(true);
    });

    internal Task WriteAsync<T>(string record, GrainId grain, IGrainState<T> state) => MeetAsync(StorageOperation.Write, KeyOf(record, grain), () =>
    {
        lock (_lock)
        {
            Check(KeyOf(record, grain), state.ETag);
            var entry = new Entry(Serializer.Serialize(state.State), NextTag(), clock.GetUtcNow());
            _entries[KeyOf(record, grain)] = entry;
            (state.ETag, state.RecordExists) = (entry.ETag, true);
        }

        return Task.FromResult(true);
    });

    internal Task ClearAsync<T>(string record, GrainId grain, IGrainState<T> state) => MeetAsync(StorageOperation.Clear, KeyOf(record, grain), () =>
    {
        lock (_lock)
        {
            Check(KeyOf(record, grain), state.ETag);
            _entries.Remove(KeyOf(record, grain));
            (state.ETag, state.RecordExists) = (null, false);
        }

        return Task.FromResult(true);
    });

    private void Check(string key, string? etag)
    {
        var stored = _entries.GetValueOrDefault(key)?.ETag;
        if (stored != etag) throw new InconsistentStateException("The state was written by another activation.", stored, etag);
    }

    private string NextTag() => Interlocked.Increment(ref _version).ToString(CultureInfo.InvariantCulture);

    private static string KeyOf(string record, GrainId grain) => $"{record}/{grain.Key}";

    internal sealed record Entry(BinaryData Bytes, string ETag, DateTimeOffset WrittenAt);
}

/// <summary>All records at one moment.</summary>
public sealed class StorageSnapshot
{
    internal StorageSnapshot(Dictionary<string, UnreliableStorage.Entry> entries) => Entries = entries;

    internal Dictionary<string, UnreliableStorage.Entry> Entries { get; }
}
