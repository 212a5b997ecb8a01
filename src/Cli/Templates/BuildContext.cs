using System.Formats.Tar;
using System.Net.Sockets;
using Podflare.Cli.Engine;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Templates;

/// <summary>The folder that a Dockerfile copies files from, without what its <c>.dockerignore</c> excludes.</summary>
internal sealed class BuildContext
{
    private readonly string _folder;
    private readonly IgnoreRules _rules;

    private BuildContext(string folder, string dockerfile)
    {
        (_folder, Dockerfile) = (folder, dockerfile);
        var ignore = Path.Combine(folder, IgnoreRules.FileName);
        try
        {
            // The builder itself leaves these two out if the rules say so: it needs them first.
            _rules = new IgnoreRules(File.Exists(ignore) ? File.ReadLines(ignore) : [], [dockerfile, IgnoreRules.FileName]);
        }
        catch (FormatException e)
        {
            throw new CliException($"{ignore}: {e.Message}");
        }
    }

    /// <summary>The path of the Dockerfile in the context, with slashes.</summary>
    public string Dockerfile { get; }

    /// <param name="folder">The folder that the user named.</param>
    /// <param name="file">The Dockerfile, relative to the current folder; null for <c>Dockerfile</c> in the context.</param>
    /// <exception cref="CliException">One of the two does not exist, or the file is not in the folder.</exception>
    public static BuildContext Open(string folder, string? file)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(root)) throw new CliException($"<context>: there is no folder {folder}.");
        var dockerfile = file is null ? Path.Combine(root, "Dockerfile") : Path.GetFullPath(file);
        if (!File.Exists(dockerfile))
        {
            throw file is null
                ? new CliException($"There is no Dockerfile in {folder}.") { Advice = "Name one with --file, or list packages with --packages or --pip." }
                : new CliException($"--file: there is no file {file}.");
        }

        var relative = Path.GetRelativePath(root, dockerfile);
        if (Path.IsPathRooted(relative) || relative.Split(Path.DirectorySeparatorChar)[0] == "..")
            throw new CliException($"--file: {file} is not in the context folder {folder}. Name a folder that contains it.");
        return new BuildContext(root, Slashes(relative));
    }

    /// <exception cref="CliException">The files are larger than <paramref name="maxBytes"/> together.</exception>
    public ContextContent ToContent(long maxBytes, string option)
    {
        long bytes = 0;
        foreach (var (_, entry) in Entries(new DirectoryInfo(_folder), ""))
        {
            if (entry is FileInfo { LinkTarget: null } file) bytes += file.Length;
            if (bytes > maxBytes)
            {
                throw new CliException($"The files in {_folder} are larger than {option} ({maxBytes >> 20} MiB).")
                {
                    Advice = $"List what the image does not need in {Path.Combine(_folder, IgnoreRules.FileName)}, or name a smaller context folder.",
                };
            }
        }

        return new ContextContent(WriteAsync);
    }

    /// <summary>Writes the context as a tar archive.</summary>
    public async Task WriteAsync(Stream to, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(to, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var (name, entry) in Entries(new DirectoryInfo(_folder), ""))
        {
            try
            {
                await tar.WriteEntryAsync(entry.FullName, name, cancellationToken);
            }
            catch (IOException e) when (e.InnerException is not SocketException)
            {
                // A socket, or a file that has just been removed.
                throw new CliException($"{entry.FullName} cannot be sent to the builder: {e.Message}") { Advice = $"If the image does not need it, list it in {IgnoreRules.FileName}." };
            }
        }
    }

    /// <summary>What is sent: folders before what is in them, sorted, so that the same files give the same archive.</summary>
    private IEnumerable<(string Name, FileSystemInfo Entry)> Entries(DirectoryInfo folder, string prefix)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var name = prefix + entry.Name;
            var excluded = _rules.Excludes(name);
            if (!excluded) yield return (name, entry);
            // A link to a folder is sent as a link.
            if (entry is not DirectoryInfo { LinkTarget: null } below || (excluded && _rules.ExcludesAllBelow(name))) continue;
            foreach (var inner in Entries(below, $"{name}/")) yield return inner;
        }
    }

    private static string Slashes(string path) => path.Replace(Path.DirectorySeparatorChar, '/');
}
