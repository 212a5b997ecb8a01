using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

/// <summary>Copies a directory with its content. As with <c>cp -r</c>, it goes into the target if that exists, and otherwise becomes the target.</summary>
internal static class DirectoryCopy
{
    public static async Task RunAsync(CommandContext context, string from, string to, CopyCommand.Remote? source, CopyCommand.Remote? target)
    {
        var copied = source is null
            ? await context.Screen.WaitAsync($"Copying {from}", () => UploadAsync(context, from, target!))
            : await context.Screen.WaitAsync($"Copying {source.Path}", () => DownloadAsync(context, source, to));
        if (context.IsJson) context.Screen.Json(copied, CliJson.Default.CopiedDirectoryJson);
        else foreach (var link in copied.SkippedLinks) context.Screen.Warn($"Skipped {link}: the link leads out of the directory.");
    }

    private static async Task<CopiedDirectoryJson> UploadAsync(CommandContext context, string from, CopyCommand.Remote target)
    {
        if (!Directory.Exists(from)) throw new CliException(File.Exists(from) ? $"{from} is not a directory." : $"Directory not found: {from}");
        var files = context.Client.Attach(target.Sandbox).Files;
        var path = await IsDirectoryAsync(files, target.Path, context.Interruption.Token) ? $"{target.Path.TrimEnd('/')}/{NameOf(Path.GetFullPath(from))}" : target.Path;
        var summary = await files.UploadDirectoryAsync(from, path, context.Interruption.Token);
        return new CopiedDirectoryJson(summary.Files, summary.Directories, summary.Bytes, []);
    }

    private static async Task<CopiedDirectoryJson> DownloadAsync(CommandContext context, CopyCommand.Remote source, string to)
    {
        var path = Directory.Exists(to) ? Path.Combine(to, NameOf(source.Path)) : to;
        var summary = await context.Client.Attach(source.Sandbox).Files.DownloadDirectoryAsync(source.Path, path, context.Interruption.Token);
        return new CopiedDirectoryJson(summary.Files, summary.Directories, summary.Bytes, summary.SkippedLinks);
    }

    private static async Task<bool> IsDirectoryAsync(SandboxFiles files, string path, CancellationToken cancellationToken)
    {
        // The root directory always exists, and has no entry.
        if (path.Trim('/').Length == 0) return true;
        try
        {
            return (await files.StatAsync(path, followLink: true, cancellationToken)).Type is SandboxFileType.Directory;
        }
        catch (SandboxFileNotFoundException)
        {
            return false;
        }
    }

    private static string NameOf(string path) => Path.GetFileName(path.TrimEnd('/', Path.DirectorySeparatorChar));
}
