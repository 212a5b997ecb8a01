using System.Security.Cryptography;
using System.Text;

namespace Podflare.Containers;

/// <summary>The guest's Python files. Containers mount a copy that is named for its content, so an update never changes a running one.</summary>
internal static class GuestFiles
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Where the build puts them.</summary>
    public static string BesideProgram => Path.Combine(AppContext.BaseDirectory, "guest");

    /// <summary>Copies the files to <c><paramref name="target"/>/&lt;hash&gt;</c>, at once or not at all, unless they are there.</summary>
    /// <returns>That folder.</returns>
    /// <exception cref="DirectoryNotFoundException">There are no guest files at <paramref name="source"/>.</exception>
    public static string CopyTo(string source, string target)
    {
        var files = List(source);
        if (files.Length == 0) throw new DirectoryNotFoundException($"The guest's files are missing in {source}.");
        var hash = Hash(source, files);
        var folder = Path.Combine(target, hash);
        if (Directory.Exists(folder))
        {
            if (Hash(folder, List(folder)) == hash) return folder;
            // Half of it was lost, as after a power cut.
            Directory.Delete(folder, recursive: true);
        }

        var draft = Path.Combine(target, $"{hash}.new");
        if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
        MakeFolder(target);
        foreach (var file in files) Write(draft, file, File.ReadAllBytes(Path.Combine(source, file)));

        Directory.Move(draft, folder);
        return folder;
    }

    /// <summary>Writes a file so that the sandbox's user, who is not root, can read it, whatever the umask of this process is.</summary>
    /// <param name="file">Relative to <paramref name="folder"/>.</param>
    public static void Write(string folder, string file, byte[] content)
    {
        var path = Path.Combine(folder, file);
        MakeFolder(folder);
        MakeFolder(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, FileMode);
    }

    /// <summary>The paths of the source files in a folder, in their order.</summary>
    public static string[] List(string folder) => List(folder, "*.py");

    /// <summary>A hash over all files of a folder, with their names.</summary>
    public static string HashAll(string folder) => Hash(folder, List(folder, "*"));

    private static string[] List(string folder, string pattern)
    {
        if (!Directory.Exists(folder)) return [];
        var files = Directory.GetFiles(folder, pattern, SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).ToArray();
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    private static string Hash(string folder, string[] files)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            var content = File.ReadAllBytes(Path.Combine(folder, file));
            sha.AppendData(Encoding.UTF8.GetBytes($"{file}\0{content.Length}\0"));
            sha.AppendData(content);
        }

        return Convert.ToHexStringLower(sha.GetHashAndReset().AsSpan(0, 8));
    }

    private static void MakeFolder(string path)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, FolderMode);
    }
}
