using System.Buffers.Text;
using System.Text;
using Podflare.E2b.Connect;
using Podflare.Runs;

namespace Podflare.E2b.Envd;

/// <summary>A watcher that is polled, as its id names it: its run, and the folder to which names are relative.</summary>
internal sealed record Watcher(RunId Run, string Folder)
{
    private const char Separator = '.';
    private const int MaxId = 8 * 1024;

    public override string ToString() => $"{Run}{Separator}{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Folder))}";

    /// <exception cref="RpcException">There can be no such watcher.</exception>
    public static Watcher Parse(string? id) =>
        id is { Length: <= MaxId } && id.Split(Separator) is [var run, var folder] && RunId.TryParse(run, null, out var known) && Base64Url.IsValid(folder)
            ? new Watcher(known, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(folder)))
            : throw NotFound();

    public static RpcException NotFound() => new("not_found", "there is no such watcher");
}
