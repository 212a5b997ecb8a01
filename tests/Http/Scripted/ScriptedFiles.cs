using System.Collections.Concurrent;
using Podflare.Files;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>Files of a scripted sandbox, in memory. A folder exists where a file is below it.</summary>
public sealed class ScriptedFiles(World world, IGrainContext grain) : IFileExtension
{
    private static readonly DateTimeOffset Modified = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ConcurrentDictionary<Guid, (string Path, MemoryStream Bytes)> _transfers = new();

    private ConcurrentDictionary<string, byte[]> Files => world.Sandboxes[grain.GrainId.Key.ToString()!].Files;

    public Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken)
    {
        var bytes = Find(path);
        _transfers[id] = (path.ToString(), new MemoryStream(bytes));
        return Task.FromResult(new FileOpened(bytes.Length, Modified));
    }

    public Task<FileChunk?> Read(Guid id, long offset, CancellationToken cancellationToken)
    {
        var bytes = _transfers[id].Bytes.ToArray().AsMemory((int)offset);
        if (bytes.IsEmpty) return Task.FromResult<FileChunk?>(null);
        var chunk = FileChunk.Rent(bytes.Length);
        bytes.CopyTo(chunk.Bytes);
        return Task.FromResult<FileChunk?>(chunk);
    }

    public Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, CancellationToken cancellationToken)
    {
        if (IsFolder(path.ToString())) throw new FileRefusedException(FileRefusal.NotAFile, "Is a directory");
        _transfers[id] = (path.ToString(), new MemoryStream());
        return Task.CompletedTask;
    }

    public async Task Write(Guid id, long offset, FileChunk chunk, CancellationToken cancellationToken)
    {
        await _transfers[id].Bytes.WriteAsync(chunk.Bytes, cancellationToken);
        chunk.Took();
    }

    public Task Commit(Guid id, long length, CancellationToken cancellationToken)
    {
        Files[_transfers[id].Path] = _transfers[id].Bytes.ToArray();
        return Task.CompletedTask;
    }

    public Task KeepAlive(Guid id) => Task.CompletedTask;

    public Task Close(Guid id)
    {
        _transfers.TryRemove(id, out _);
        return Task.CompletedTask;
    }

    public Task Delete(TenantId tenant, FilePath path, CancellationToken cancellationToken)
    {
        Find(path);
        Files.TryRemove(path.ToString(), out _);
        return Task.CompletedTask;
    }

    public Task<FilePage> List(TenantId tenant, FilePath path, byte[]? after, int limit, CancellationToken cancellationToken)
    {
        if (path != FilePath.Home && !IsFolder(path.ToString())) throw new FileRefusedException(FileRefusal.NotFound, "No such file or directory");
        return Task.FromResult(new FilePage([], null));
    }

    private bool IsFolder(string path) => Files.Keys.Any(file => file.StartsWith(path + "/", StringComparison.Ordinal));

    private byte[] Find(FilePath path)
    {
        var name = path.ToString();
        if (IsFolder(name)) throw new FileRefusedException(FileRefusal.NotAFile, "Is a directory");
        if (name.StartsWith("/etc/shadow", StringComparison.Ordinal)) throw new FileRefusedException(FileRefusal.AccessDenied, "Permission denied");
        return Files.TryGetValue(name, out var bytes) ? bytes : throw new FileRefusedException(FileRefusal.NotFound, "No such file or directory");
    }
}
