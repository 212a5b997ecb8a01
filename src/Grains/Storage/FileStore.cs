using System.Text.Json;
using Orleans.Storage;

namespace Podflare.Storage;

/// <summary>
/// Grain state of an embedded process in files, one JSON file per record that only the server's user can read. A write is on the disk when
/// it returns. The process holds the lock of the run folder, so nobody else writes here.
/// </summary>
/// <param name="folder">Created with the first record.</param>
public sealed class FileStore(string folder) : IGrainStorage
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly SemaphoreSlim _one = new(1);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ExclusivelyAsync(() =>
    {
        if (Read<T>(PathOf(stateName, grainId)) is { } stored) (grainState.State, grainState.ETag, grainState.RecordExists) = (stored.State, stored.ETag, true);
        else (grainState.ETag, grainState.RecordExists) = (null, false);
    });

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ExclusivelyAsync(() =>
    {
        var path = PathOf(stateName, grainId);
        Check<T>(path, grainState.ETag);
        var etag = Guid.NewGuid().ToString("N");
        Write(path, JsonSerializer.SerializeToUtf8Bytes(new Stored<T>(etag, grainState.State!)));
        (grainState.ETag, grainState.RecordExists) = (etag, true);
    });

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ExclusivelyAsync(() =>
    {
        var path = PathOf(stateName, grainId);
        Check<T>(path, grainState.ETag);
        if (File.Exists(path))
        {
            File.Delete(path);
            FolderSync.Flush(folder);
        }

        (grainState.ETag, grainState.RecordExists) = (null, false);
    });

    // The escaped key has no separator, and the name of the record keeps it from being "." or "..".
    private string PathOf(string record, GrainId grain) => Path.Combine(folder, $"{record}-{Uri.EscapeDataString(grain.Key.ToString()!)}.json");

    private static Stored<T>? Read<T>(string path) =>
        !File.Exists(path) ? null : JsonSerializer.Deserialize<Stored<T>>(File.ReadAllBytes(path)) is { State: not null } stored ? stored : throw new JsonException($"The record {path} is empty.");

    private static void Check<T>(string path, string? etag)
    {
        var stored = Read<T>(path)?.ETag;
        if (stored != etag) throw new InconsistentStateException("The state was written by another activation.", stored, etag);
    }

    // Whenever the machine stops, there is the whole old record or the whole new one: a key that was revoked does not come back.
    private void Write(string path, byte[] json)
    {
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var next = path + ".new";
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            file.Write(json);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
        FolderSync.Flush(folder);
    }

    // Waiting for a disk would hold up the other calls of the grain's thread.
    private async Task ExclusivelyAsync(Action act)
    {
        await _one.WaitAsync().ConfigureAwait(false);
        try
        {
            await Task.Run(act).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    private sealed record Stored<T>(string ETag, T State);
}
