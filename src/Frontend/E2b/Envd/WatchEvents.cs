using System.Text;
using System.Text.Json;
using Podflare.E2b.Connect;
using Podflare.Streaming;

namespace Podflare.E2b.Envd;

/// <summary>Reads the changes of a watch run as clients of E2B know them, with names relative to the folder.</summary>
internal sealed class WatchEvents(string folder)
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
        var name = NameOf(data, "path");
        switch (data.GetProperty("change"u8).GetString())
        {
            case "create":
                yield return new FilesystemEvent(name, "EVENT_TYPE_CREATE");
                break;
            case "modify":
                yield return new FilesystemEvent(name, "EVENT_TYPE_WRITE");
                break;
            case "delete":
                yield return new FilesystemEvent(name, "EVENT_TYPE_REMOVE");
                break;
            case "attributes":
                yield return new FilesystemEvent(name, "EVENT_TYPE_CHMOD");
                break;
            case "rename":
                yield return new FilesystemEvent(NameOf(data, "from"), "EVENT_TYPE_RENAME");
                yield return new FilesystemEvent(name, "EVENT_TYPE_CREATE");
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
}
