using System.Text;
using Microsoft.Extensions.Options;
using Podflare.E2b.Connect;
using Podflare.Files;
using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.E2b.Envd;

/// <summary>Files and folders of a sandbox.</summary>
internal sealed class FilesystemService(IGrainFactory grains, IOptions<E2bOptions> options, TimeProvider time)
{
    // Of an entry as JSON, beside its path, its name and the target of a link.
    private const int EntryBytes = 320;

    public Task<EntryMessage> StatAsync(RpcCall call, PathMessage message) => NameAsync(message.Path, async () =>
    {
        var path = PathOf(message.Path, call.Folder);
        return new EntryMessage(EntryInfoJson.Of(await StatAsync(call, path, followLinks: false), path));
    });

    public Task<EntriesMessage> ListDirAsync(RpcCall call, ListDirMessage message) => NameAsync(message.Path, async () =>
    {
        var path = PathOf(message.Path, call.Folder);
        var depth = Math.Clamp(message.Depth ?? 1, 1, FilePage.MaxDepth);
        await CheckDirectoryAsync(call, path);
        var entries = new List<EntryInfo>();
        var left = (long)options.Value.MaxMessageBytes;
        byte[]? after = null;
        do
        {
            var page = await GrainCallRetry.RetryLostAsync(() => Of(call).ListTree(call.Tenant, path, depth, after, FilePage.MaxEntries, call.Aborted), time, call.Aborted);
            foreach (var entry in page.Entries)
            {
                left -= EntryBytes + 2L * (entry.Path?.Length ?? 0) + (entry.Target?.Length ?? 0);
                if (left < 0) throw new RpcException("resource_exhausted", $"the list is larger than {options.Value.MaxMessageBytes} bytes; list the folders below, or fewer levels");
                entries.Add(EntryInfoJson.Of(entry, path));
            }

            after = page.Next;
        }
        while (after is not null);
        return new EntriesMessage(entries);
    });

    /// <summary>With missing parents.</summary>
    public Task<EntryMessage> MakeDirAsync(RpcCall call, PathMessage message) => NameAsync(message.Path, async () =>
    {
        var path = PathOf(message.Path, call.Folder);
        try
        {
            var creation = await GrainCallRetry.RetryLostAsync(() => Of(call).CreateDirectory(call.Tenant, path, null, parents: true, call.Aborted), time, call.Aborted);
            return creation.Created ? new EntryMessage(EntryInfoJson.Of(creation.Entry, path)) : throw new RpcException("already_exists", $"directory already exists: {path}");
        }
        catch (FileRefusedException e) when (e.Refusal is FileRefusal.Exists)
        {
            throw new RpcException("invalid_argument", $"path already exists, but it is not a directory: {path}");
        }
    });

    /// <summary>Overwrites, and makes missing parents. Not repeated: a second move would not find what the first one has moved.</summary>
    public Task<EntryMessage> MoveAsync(RpcCall call, MoveMessage message) => NameAsync(message.Source, async () =>
    {
        var (source, destination) = (PathOf(message.Source, call.Folder), PathOf(message.Destination, call.Folder));
        return new EntryMessage(EntryInfoJson.Of(await Of(call).Move(call.Tenant, source, destination, overwrite: true, parents: true, call.Aborted).WaitAsync(call.Aborted), destination));
    });

    /// <summary>With everything below. What is missing is removed already.</summary>
    public Task<EmptyMessage> RemoveAsync(RpcCall call, PathMessage message) => NameAsync(message.Path, async () =>
    {
        var path = PathOf(message.Path, call.Folder);
        try
        {
            await GrainCallRetry.RetryLostAsync(() => Of(call).Delete(call.Tenant, path, recursive: true, FileConditions.None, call.Aborted), time, call.Aborted);
        }
        catch (FileRefusedException e) when (e.Refusal is FileRefusal.NotFound)
        {
            // As it should be.
        }

        return new EmptyMessage();
    });

    /// <exception cref="RpcException">It is not a directory.</exception>
    /// <exception cref="FileRefusedException">It is not there.</exception>
    public async Task CheckDirectoryAsync(RpcCall call, FilePath path)
    {
        if ((await StatAsync(call, path, followLinks: true)).Kind is not FileKind.Directory) throw new RpcException("invalid_argument", $"path is not a directory: {path}");
    }

    /// <exception cref="RpcException">It cannot be a path.</exception>
    public static FilePath PathOf(string? path, string folder) =>
        FilePath.Parse(Encoding.UTF8.GetBytes(SandboxPath.Resolve(path, folder)), out var wrong) ?? throw new RpcException("invalid_argument", $"path {wrong}");

    /// <summary>Adds the path to refusals: those of the sandbox do not say which path they are about.</summary>
    public static async Task<T> NameAsync<T>(string? path, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (FileRefusedException e)
        {
            throw new Problems.ProblemException(Problems.ExceptionMapper.OfFile(e, path ?? ""));
        }
    }

    private Task<FileEntry> StatAsync(RpcCall call, FilePath path, bool followLinks) =>
        GrainCallRetry.RetryLostAsync(() => Of(call).Stat(call.Tenant, path, followLinks, call.Aborted), time, call.Aborted);

    private IFileExtension Of(RpcCall call) => grains.GetGrain<ISandboxGrain>(call.Sandbox.Value).AsReference<IFileExtension>();
}
