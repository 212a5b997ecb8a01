using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Podflare.Files;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>
/// Files of a scripted sandbox, in memory. A folder exists where a file is below it, or where it was made. An archive is one line for each
/// file, its name and its content.
/// </summary>
public sealed class ScriptedFiles(World world, IGrainContext grain) : IFileExtension
{
    /// <summary>When every file was changed.</summary>
    public static readonly DateTimeOffset Modified = new(2026, 5, 1, 12, 0, 0, 500, TimeSpan.Zero);

    private readonly ConcurrentDictionary<Guid, Transfer> _transfers = new();

    private ScriptedSandboxState Sandbox => world.Sandboxes[grain.GrainId.Key.ToString()!];

    private ConcurrentDictionary<string, byte[]> Files => Sandbox.Files;

    private void Guard(TenantId tenant)
    {
        if (!world.Sandboxes.TryGetValue(grain.GrainId.Key.ToString()!, out var sandbox) || sandbox.Info.Tenant != tenant) throw new SandboxNotFoundException();
    }

    public static string TagOf(byte[] bytes) => $"{bytes.Length:x}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))[..8]}";

    public Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken) => OpenRead(id, tenant, path, null, FileConditions.None, cancellationToken);

    public Task<FileOpened> OpenRead(Guid id, TenantId tenant, FilePath path, FileRange? range, FileConditions conditions, CancellationToken cancellationToken)
    {
        Guard(tenant);
        var bytes = Find(path);
        Check(path, conditions);
        var part = range is null ? bytes : bytes[(int)range.From..(int)(range.From + range.Length)];
        _transfers[id] = new Transfer(path.ToString(), FileConditions.None, new MemoryStream(part));
        Sandbox.Reads++;
        return Task.FromResult(new FileOpened(path.ToString().StartsWith("/proc/", StringComparison.Ordinal) ? null : bytes.Length, Modified) { ETag = TagOf(bytes) });
    }

    public Task<FileChunk?> Read(Guid id, long offset, CancellationToken cancellationToken)
    {
        var bytes = _transfers[id].Bytes.ToArray().AsMemory((int)offset);
        if (bytes.IsEmpty) return Task.FromResult<FileChunk?>(null);
        var chunk = FileChunk.Rent(bytes.Length);
        bytes.CopyTo(chunk.Bytes);
        return Task.FromResult<FileChunk?>(chunk);
    }

    public Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, CancellationToken cancellationToken) => OpenWrite(id, tenant, path, size, FileConditions.None, cancellationToken);

    public Task OpenWrite(Guid id, TenantId tenant, FilePath path, long? size, FileConditions conditions, CancellationToken cancellationToken)
    {
        Guard(tenant);
        if (IsFolder(path.ToString())) throw new FileRefusedException(FileRefusal.NotAFile, "Is a directory");
        Check(path, conditions);
        _transfers[id] = new Transfer(path.ToString(), conditions, new MemoryStream());
        return Task.CompletedTask;
    }

    public async Task Write(Guid id, long offset, FileChunk chunk, CancellationToken cancellationToken)
    {
        await _transfers[id].Bytes.WriteAsync(chunk.Bytes, cancellationToken);
        chunk.Took();
    }

    public Task Commit(Guid id, long length, CancellationToken cancellationToken) => Publish(id, length, cancellationToken);

    public async Task<FileEntry?> Publish(Guid id, long length, CancellationToken cancellationToken)
    {
        var transfer = _transfers[id];
        if (Sandbox.BeforePublish is { } gate) await world.Gate(gate).Task;
        Check(FilePath.Parse(Encoding.UTF8.GetBytes(transfer.Path), out _)!, transfer.Conditions);
        Files[transfer.Path] = transfer.Bytes.ToArray();
        return Sandbox.IsOld ? null : Entry(transfer.Path);
    }

    public Task KeepAlive(Guid id) => Task.CompletedTask;

    public Task Close(Guid id)
    {
        _transfers.TryRemove(id, out _);
        return Task.CompletedTask;
    }

    public Task Delete(TenantId tenant, FilePath path, CancellationToken cancellationToken)
    {
        Guard(tenant);
        Find(path);
        Files.TryRemove(path.ToString(), out _);
        return Task.CompletedTask;
    }

    public Task Delete(TenantId tenant, FilePath path, bool recursive, FileConditions conditions, CancellationToken cancellationToken)
    {
        Guard(tenant);
        GuardOld();
        var name = path.ToString();
        if (!IsFolder(name)) Find(path);
        Check(path, conditions);
        if (!recursive && Below(name).Any()) throw new FileRefusedException(FileRefusal.DirectoryNotEmpty, "Directory not empty");
        foreach (var file in Below(name).Append(name)) Files.TryRemove(file, out _);
        Sandbox.Folders.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task<FilePage> List(TenantId tenant, FilePath path, byte[]? after, int limit, CancellationToken cancellationToken)
    {
        Guard(tenant);
        if (path != FilePath.Home && !IsFolder(path.ToString())) throw new FileRefusedException(FileRefusal.NotFound, "No such file or directory");
        return Task.FromResult(new FilePage([], null));
    }

    public Task<FilePage> ListTree(TenantId tenant, FilePath path, int depth, byte[]? after, int limit, CancellationToken cancellationToken)
    {
        Guard(tenant);
        GuardOld();
        var root = path.ToString();
        var from = after is null ? "" : Encoding.UTF8.GetString(after);
        FileEntry[] found = [.. Below(root).Where(file => file[(root.Length + 1)..].Count(c => c == '/') < depth && string.CompareOrdinal(file, from) > 0).Order(StringComparer.Ordinal).Select(Entry)];
        return Task.FromResult(new FilePage([.. found.Take(limit)], found.Length > limit ? found[limit - 1].Path : null));
    }

    public Task<FileEntry> Stat(TenantId tenant, FilePath path, bool followLinks, CancellationToken cancellationToken)
    {
        Guard(tenant);
        GuardOld();
        if (!IsFolder(path.ToString())) Find(path);
        return Task.FromResult(followLinks ? Entry(path.ToString()) : Entry(path.ToString()) with { Kind = FileKind.Symlink, Target = [0xff] });
    }

    public Task<DirectoryCreation> CreateDirectory(TenantId tenant, FilePath path, int? mode, bool parents, CancellationToken cancellationToken)
    {
        Guard(tenant);
        var name = path.ToString();
        if (Files.ContainsKey(name)) throw new FileRefusedException(FileRefusal.Exists, "File exists");
        var isNew = Sandbox.Folders.TryAdd(name, mode ?? Convert.ToInt32("755", 8));
        return Task.FromResult(new DirectoryCreation(Entry(name), isNew));
    }

    public Task<FileEntry> Move(TenantId tenant, FilePath from, FilePath to, bool overwrite, bool parents, CancellationToken cancellationToken)
    {
        Guard(tenant);
        var entry = Put(from, to, overwrite);
        Files.TryRemove(from.ToString(), out _);
        return Task.FromResult(entry);
    }

    public Task<FileEntry> Copy(TenantId tenant, FilePath from, FilePath to, bool overwrite, bool parents, bool recursive, CancellationToken cancellationToken)
    {
        Guard(tenant);
        return Task.FromResult(Put(from, to, overwrite));
    }

    public Task OpenArchive(Guid id, TenantId tenant, FilePath path, CancellationToken cancellationToken)
    {
        Guard(tenant);
        var root = path.ToString();
        if (!IsFolder(root)) throw new FileRefusedException(FileRefusal.NotFound, "No such file or directory");
        var lines = Below(root).Order(StringComparer.Ordinal).Select(file => $"{file[(root.Length + 1)..]} {Encoding.UTF8.GetString(Files[file])}\n");
        _transfers[id] = new Transfer(root, FileConditions.None, new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(lines))));
        return Task.CompletedTask;
    }

    public Task OpenExtract(Guid id, TenantId tenant, FilePath path, bool gzip, CancellationToken cancellationToken)
    {
        Guard(tenant);
        _transfers[id] = new Transfer(path.ToString(), FileConditions.None, new MemoryStream()) { IsCompressed = gzip };
        return Task.CompletedTask;
    }

    public async Task<ArchiveSummary> Extract(Guid id, long length, CancellationToken cancellationToken)
    {
        var transfer = _transfers[id];
        transfer.Bytes.Position = 0;
        using var reader = new StreamReader(transfer.IsCompressed ? new GZipStream(transfer.Bytes, CompressionMode.Decompress) : transfer.Bytes);
        var summary = new ArchiveSummary(0, 1, 0);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Split(' ', 2) is not [var name, var content]) throw new InvalidArchiveException("it ends within a member", summary);
            Files[$"{transfer.Path}/{name}"] = Encoding.UTF8.GetBytes(content);
            summary = summary with { Files = summary.Files + 1, Bytes = summary.Bytes + content.Length };
        }

        return summary;
    }

    private FileEntry Put(FilePath from, FilePath to, bool overwrite)
    {
        var bytes = Find(from);
        if (!overwrite && Files.ContainsKey(to.ToString())) throw new FileRefusedException(FileRefusal.Exists, "File exists");
        Files[to.ToString()] = bytes;
        return Entry(to.ToString());
    }

    private void Check(FilePath path, FileConditions conditions)
    {
        var tag = Files.TryGetValue(path.ToString(), out var bytes) ? TagOf(bytes) : null;
        if (conditions.IfNoneMatch && tag is not null) throw new PreconditionFailedException();
        if (!conditions.IfMatch.IsEmpty && (tag is null || !conditions.IfMatch.Any(one => one == "*" || one == tag))) throw new PreconditionFailedException();
    }

    private void GuardOld()
    {
        if (Sandbox.IsOld) throw new NotOfferedException();
    }

    private FileEntry Entry(string path)
    {
        var name = Encoding.UTF8.GetBytes(path[(path.LastIndexOf('/') + 1)..]);
        if (!Files.TryGetValue(path, out var bytes))
            return new FileEntry(name, FileKind.Directory, 0, Modified) { Path = Encoding.UTF8.GetBytes(path), Mode = Sandbox.Folders.GetValueOrDefault(path), Owner = "root", Group = "root" };
        var isSizeKnown = !path.StartsWith("/proc/", StringComparison.Ordinal);
        return new FileEntry(name, FileKind.File, isSizeKnown ? bytes.Length : 0, Modified)
        {
            Path = Encoding.UTF8.GetBytes(path),
            Mode = Convert.ToInt32("644", 8),
            Owner = "root",
            Group = string.Create(CultureInfo.InvariantCulture, $"{1000}"),
            ETag = TagOf(bytes),
        };
    }

    private IEnumerable<string> Below(string path) => Files.Keys.Where(file => file.StartsWith(path + "/", StringComparison.Ordinal));

    private bool IsFolder(string path) => Sandbox.Folders.ContainsKey(path) || Below(path).Any();

    private byte[] Find(FilePath path)
    {
        var name = path.ToString();
        if (IsFolder(name)) throw new FileRefusedException(FileRefusal.NotAFile, "Is a directory");
        if (name.StartsWith("/etc/shadow", StringComparison.Ordinal)) throw new FileRefusedException(FileRefusal.AccessDenied, "Permission denied");
        return Files.TryGetValue(name, out var bytes) ? bytes : throw new FileRefusedException(FileRefusal.NotFound, "No such file or directory");
    }

    private sealed record Transfer(string Path, FileConditions Conditions, MemoryStream Bytes)
    {
        public bool IsCompressed { get; init; }
    }
}
