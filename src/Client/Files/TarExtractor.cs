using System.Formats.Tar;

namespace Podflare;

/// <summary>
/// Unpacks an archive that comes from a sandbox, and is therefore not trusted: nothing is written outside the target directory. Links are created
/// last, so that no file is written through one, and only if they stay inside.
/// </summary>
internal sealed class TarExtractor(string target)
{
    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
    private readonly List<(string Path, string Target)> _links = [];
    private long _files;
    private long _directories;
    private long _bytes;

    /// <exception cref="InvalidDataException">The archive is damaged, an entry would be written outside the directory, or an entry is a device or the like.</exception>
    public async Task<DirectoryDownload> ExtractAsync(Stream archive, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_root);
        await using var tar = new TarReader(archive, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            if (entry.EntryType is TarEntryType.GlobalExtendedAttributes) continue;
            if (Inside(entry.Name) is not { } path)
            {
                if (entry.EntryType is TarEntryType.Directory) continue;
                throw new InvalidDataException($"'{entry.Name}' is not a directory.");
            }

            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    CreateDirectory(path);
                    _directories++;
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    await WriteAsync(path, entry, cancellationToken).ConfigureAwait(false);
                    break;
                case TarEntryType.SymbolicLink:
                    _links.Add((path, entry.LinkName));
                    break;
                default:
                    throw new InvalidDataException($"'{entry.Name}' is neither a file, a directory nor a link.");
            }
        }

        var skipped = _links.Where(link => !TryLink(link.Path, link.Target)).Select(link => Path.GetRelativePath(_root, link.Path)).ToArray();
        return new DirectoryDownload { Files = _files, Directories = _directories, Bytes = _bytes, SkippedLinks = skipped };
    }

    /// <summary>The local path of an entry; null for the directory itself. Names start with the name of the directory in the sandbox.</summary>
    private string? Inside(string name)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 2) return null;
        if (Array.Exists(parts, part => part is "." or ".." || part.AsSpan().IndexOfAny('\0', Path.DirectorySeparatorChar) >= 0 || Path.IsPathRooted(part)))
            throw new InvalidDataException($"The archive contains the name '{name}', which is not allowed.");
        return Path.Combine([_root, .. parts[1..]]);
    }

    private void CreateDirectory(string path)
    {
        RejectLinks(path);
        Directory.CreateDirectory(path);
    }

    private async Task WriteAsync(string path, TarEntry entry, CancellationToken cancellationToken)
    {
        CreateDirectory(Path.GetDirectoryName(path)!);
        if (new FileInfo(path).LinkTarget is not null) File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        // Never set-user-ID or the like.
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = entry.Mode & (UnixFileMode)0b111_111_111 | UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var file = new FileStream(path, options);
        if (entry.DataStream is { } data) await data.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
        _files++;
        _bytes += file.Length;
    }

    // A link could lead out of the directory, for example one that an earlier download has left.
    private void RejectLinks(string directory)
    {
        for (var at = directory; at.Length > _root.Length; at = Path.GetDirectoryName(at)!)
        {
            if (new DirectoryInfo(at).LinkTarget is not null) throw new InvalidDataException($"{at} is a link; nothing is written through it.");
        }
    }

    // After a name that may be a link itself, ".." leads to wherever that link points.
    private static bool ClimbsLater(string target) => target.Split('/').SkipWhile(part => part is "" or "." or "..").Contains("..");

    private bool TryLink(string path, string target)
    {
        var resolved = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, target));
        if (Path.IsPathRooted(target) || ClimbsLater(target) || (resolved != _root && !resolved.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal))) return false;
        CreateDirectory(Path.GetDirectoryName(path)!);
        if (Path.Exists(path) || new FileInfo(path).LinkTarget is not null) File.Delete(path);
        File.CreateSymbolicLink(path, target);
        _files++;
        return true;
    }
}
