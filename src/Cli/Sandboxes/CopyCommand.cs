using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

/// <summary><c>podflare sandbox cp</c>: copies a file, or a directory with its content, into or out of a sandbox.</summary>
internal static class CopyCommand
{
    private const string Std = "-";
    private const string Prefix = "sbx_";
    private const int PieceBytes = 64 * 1024;

    public static Command Create(GlobalOptions global)
    {
        var from = new Argument<string>("from") { Description = "File, - for stdin, or ID:PATH in a sandbox" };
        var to = new Argument<string>("to") { Description = "File, - for stdout, or ID:PATH in a sandbox. A path that ends in / keeps the file's name" };
        var recursive = new Option<bool>("--recursive", "-r") { Description = "Copy a directory with everything in it" };
        var command = new Command("cp", "Copy a file or directory into or out of a sandbox") { from, to, recursive };
        command.Aliases.Add("copy");
        command.Validate(result =>
        {
            if (result.Errors.Any() || result.GetValue(from) is not { } source || result.GetValue(to) is not { } target) return;
            if (IsRemote(source) == IsRemote(target)) result.AddError("One of the two must be in a sandbox: ID:PATH.");
            else if ((IsRemote(source) ? source : target).EndsWith(':') || !(IsRemote(source) ? source : target).Contains(':', StringComparison.Ordinal)) result.AddError("The path in the sandbox is missing: ID:PATH.");
        });
        return command.WithAction(global, async context =>
        {
            if (context.Value(recursive))
            {
                var (source, target) = (context.Value(from)!, context.Value(to)!);
                if (source == Std || target == Std) throw new CliException("A directory cannot be copied from stdin or to stdout.");
                await DirectoryCopy.RunAsync(context, source, target, Remote.Of(source), Remote.Of(target));
                return 0;
            }

            var bytes = (Remote.Of(context.Value(from)!), Remote.Of(context.Value(to)!)) switch
            {
                (null, { } target) => await UploadAsync(context, context.Value(from)!, target),
                ({ } source, null) => await DownloadAsync(context, source, context.Value(to)!),
                _ => throw new CliException("One of the two must be in a sandbox: ID:PATH."),
            };
            if (context.IsJson) context.Screen.Json(new CopiedJson(bytes), CliJson.Default.CopiedJson);
            return 0;
        }).WithExamples(
            ("Copy a file into a sandbox", "podflare sandbox cp data.csv $ID:/root/"),
            ("Copy a file out of a sandbox", "podflare sandbox cp $ID:/root/plot.png ."),
            ("Copy a directory into a sandbox", "podflare sandbox cp -r data $ID:/root/"));
    }

    private static bool IsRemote(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    private static async Task<long> UploadAsync(CommandContext context, string from, Remote target)
    {
        if (Directory.Exists(from)) throw new CliException($"{from} is a directory.") { Advice = "Use --recursive to copy it with everything in it." };
        if (from != Std && !File.Exists(from)) throw new CliException($"File not found: {from}");
        var path = target.Path.EndsWith('/') ? target.Path + (from == Std ? "stdin" : Path.GetFileName(from)) : target.Path;
        await using var file = from == Std ? Console.OpenStandardInput() : File.OpenRead(from);
        var total = from == Std ? (long?)null : file.Length;
        await using var counted = new ProgressStream(file);
        await context.Screen.TransferAsync(path, total, async report =>
        {
            counted.Report = report;
            await context.Client.Attach(target.Sandbox).Files.UploadAsync(path, counted, context.Interruption.Token);
        });
        return counted.Count;
    }

    private static async Task<long> DownloadAsync(CommandContext context, Remote source, string to)
    {
        await using var file = await context.Client.Attach(source.Sandbox).Files.OpenReadAsync(source.Path, context.Interruption.Token);
        if (to == Std) return await CopyAsync(context, file, source.Path, bytes => context.Screen.Out.Write(bytes.Span));

        var path = Directory.Exists(to) || to.EndsWith('/') ? Path.Combine(to, Path.GetFileName(source.Path)) : to;
        // Under a temporary name first: a partial file under its own name would look complete.
        var part = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            long count;
            await using (var target = File.Create(part)) count = await CopyAsync(context, file, source.Path, bytes => target.Write(bytes.Span));
            File.Move(part, path, overwrite: true);
            return count;
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    private static async Task<long> CopyAsync(CommandContext context, Stream from, string what, Action<ReadOnlyMemory<byte>> write)
    {
        long count = 0;
        await context.Screen.TransferAsync(what, null, async report =>
        {
            var piece = new byte[PieceBytes];
            while (await from.ReadAsync(piece, context.Interruption.Token) is > 0 and var read)
            {
                write(piece.AsMemory(0, read));
                report(count += read);
            }
        });
        return count;
    }

    /// <summary>A path in a sandbox.</summary>
    internal sealed record Remote(string Sandbox, string Path)
    {
        public static Remote? Of(string text)
        {
            // A colon is not enough: Windows paths start with a drive, and file names may contain one.
            var colon = text.IndexOf(':');
            if (colon < 0 || !text.StartsWith(Prefix, StringComparison.Ordinal)) return null;
            return colon + 1 < text.Length ? new Remote(text[..colon], text[(colon + 1)..]) : throw new CliException($"The path in the sandbox is missing: {text}");
        }
    }
}
