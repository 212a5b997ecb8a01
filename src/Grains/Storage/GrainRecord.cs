using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Podflare.Storage;

/// <summary>
/// One stored record of a grain. Unlike Orleans' persistent state it changes in memory only when the store has taken the change, and a
/// store that does not answer is <see cref="StorageUnavailableException"/>, so that callers are told to come again and never "not found".
/// </summary>
public sealed partial class GrainRecord<T>(IGrainStorage storage, string name, GrainId grain, ILogger logger)
    where T : class, new()
{
    private GrainState<T> _state = new(new T());

    public bool Exists => _state.RecordExists;

    public T Value => _state.State!;

    public Task ReadAsync() => TryAsync(async () =>
    {
        var read = new GrainState<T>(new T());
        await storage.ReadStateAsync(name, grain, read);
        _state = read;
    });

    /// <exception cref="InconsistentStateException">Another activation has written since this one read.</exception>
    public Task WriteAsync(T value) => TryAsync(async () =>
    {
        var written = new GrainState<T>(value) { ETag = _state.ETag, RecordExists = _state.RecordExists };
        await storage.WriteStateAsync(name, grain, written);
        _state = written;
    });

    /// <exception cref="InconsistentStateException">Another activation has written since this one read.</exception>
    public Task ClearAsync() => TryAsync(async () =>
    {
        var cleared = new GrainState<T>(_state.State) { ETag = _state.ETag, RecordExists = _state.RecordExists };
        await storage.ClearStateAsync(name, grain, cleared);
        _state = cleared;
    });

    private async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (e is not (InconsistentStateException or PodflareException))
        {
            LogFailed(e, name, grain);
            throw new StorageUnavailableException();
        }
    }

    [LoggerMessage(LogLevel.Error, "The {Record} record of {Grain} could not be read or written.")]
    private partial void LogFailed(Exception exception, string record, GrainId grain);
}
