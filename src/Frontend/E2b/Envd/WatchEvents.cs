using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Podflare.E2b.Connect;
using Podflare.Streaming;

namespace Podflare.E2b.Envd;

/// <summary>Reads the changes of a watch run as clients of E2B know them, with names relative to the folder.</summary>
/// <remarks>
/// A file that is written through the API is complete when it gets its name, whereas E2B writes it in place. Clients wait for that write, so
/// it is reported, and the name that a replacement has before is not.
/// </remarks>
internal sealed partial class WatchEvents(string folder)
{
    private readonly string _prefix = folder == "/" ? "/" : folder + "/";

    /// <exception cref="RpcException">Changes were lost, for which E2B has no word.</exception>
    public IEnumerable<FilesystemEvent> Read(EventBatch batch)
    {
        for (var i = 0; i < batch.Ends.Length; i++)
        {
            var start = i == 0 ? 0 : batch.Ends[i - 1];
            using var document = JsonDocument.Parse(batch.Utf8.AsMemory(start..batch.Ends[i]));
            var item = document.RootElement;
            if (!item.GetProperty("type"u8).ValueEquals("file"u8)) continue;
            foreach (var change in Translate(item.GetProperty("data"u8))) yield return change;
        }
    }

    private IEnumerable<FilesystemEvent> Translate(JsonElement data)
    {
        const string created = "EVENT_TYPE_CREATE";
        const string written = "EVENT_TYPE_WRITE";
        var name = NameOf(data, "path");
        if (IncompleteFile().IsMatch(name)) yield break;
        switch (data.GetProperty("change"u8).GetString())
        {
            case "create":
                yield return new FilesystemEvent(name, created);
                if (data.TryGetProperty("kind"u8, out var kind) && kind.ValueEquals("file"u8)) yield return new FilesystemEvent(name, written);
                break;
            case "modify":
                yield return new FilesystemEvent(name, written);
                break;
            case "delete":
                yield return new FilesystemEvent(name, "EVENT_TYPE_REMOVE");
                break;
            case "attributes":
                yield return new FilesystemEvent(name, "EVENT_TYPE_CHMOD");
                break;
            case "rename" when NameOf(data, "from") is var source && IncompleteFile().IsMatch(source):
                yield return new FilesystemEvent(name, written);
                break;
            case "rename":
                yield return new FilesystemEvent(NameOf(data, "from"), "EVENT_TYPE_RENAME");
                yield return new FilesystemEvent(name, created);
                break;
            default:
                throw new RpcException("resource_exhausted", "there were more changes than can be reported; list the folder again");
        }
    }

    private string NameOf(JsonElement data, string member)
    {
        var path = data.TryGetProperty(member, out var text) ? text.GetString()!
            : data.TryGetProperty(member + "_b64", out var bytes) ? Encoding.UTF8.GetString(bytes.GetBytesFromBase64())
            : "";
        return path.StartsWith(_prefix, StringComparison.Ordinal) ? path[_prefix.Length..] : path == folder ? "" : path;
    }

    // The name that the sandbox gives to a file until it is complete.
    [GeneratedRegex("(^|/)\\.podflare-[0-9a-f]{16}\\.part$")]
    private static partial Regex IncompleteFile();
}
