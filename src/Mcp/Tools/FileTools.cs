using System.Globalization;
using System.Text;
using System.Text.Unicode;
using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

internal sealed class ReadFileTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "read_file",
        "Read a file",
        "Reads a file of a sandbox: as text, as an image, or as Base64.",
        new ToolSchema(settings).Sandbox().Text("path", FilePaths.Description)
            .Whole("offset", "The first byte to read.", 0, 0)
            .Whole("max_bytes", "The largest number of bytes to read. Images are read whole.", DefaultBytes, 1, MaxBytes),
        Hints.ReadOnly),
    settings)
{
    private const int DefaultBytes = 65_536;
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int LongestCharacter = 4;

    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var (path, offset) = (FilePaths.Absolute(call.Arguments.Text("path")), call.Arguments.Whole("offset", 0, 0, long.MaxValue));
        var type = offset == 0 ? FilePaths.ImageTypeOf(path) : null;
        var most = type is not null && !call.Arguments.Has("max_bytes") ? MaxBytes : (int)call.Arguments.Whole("max_bytes", DefaultBytes, 1, MaxBytes);
        var part = await operations.ReadFileAsync(call.Arguments.Sandbox, path, offset, most, cancellationToken);
        var content = part.Content;
        var isWhole = offset == 0 && content.Length == part.Size;
        if (isWhole && type is not null) return new CallToolResult { Content = [ImageContentBlock.FromBytes(content, type)] };

        var text = WholeCharacters(content.Span, isEnd: offset + content.Length >= part.Size);
        ContentBlock block = text is { } length
            ? new TextContentBlock { Text = Encoding.UTF8.GetString(content.Span[..length]) }
            : new EmbeddedResourceBlock { Resource = BlobResourceContents.FromBytes(content, FilePaths.ToUri(path), "application/octet-stream") };
        var end = offset + (text ?? content.Length);
        var result = new CallToolResult { Content = [block] };
        var left = part.Size - end;
        if (left > 0) result.Content.Add(new TextContentBlock { Text = string.Create(CultureInfo.InvariantCulture, $"[{left} bytes remain of {part.Size}; call read_file with offset {end}]") });
        return result;
    }

    /// <summary>The bytes of whole UTF-8 characters; null if it is not text.</summary>
    private static int? WholeCharacters(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        if (bytes.Contains((byte)0)) return null;
        // Only the end may be in the middle of a character.
        for (var cut = 0; cut < LongestCharacter && cut <= bytes.Length && (cut == 0 || !isEnd); cut++)
        {
            if (Utf8.IsValid(bytes[..^cut])) return bytes.Length - cut;
        }

        return null;
    }
}

internal sealed class WriteFileTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "write_file",
        "Write a file",
        "Writes a file in a sandbox, and replaces one that exists. Missing directories are created.",
        new ToolSchema(settings).Sandbox().Text("path", FilePaths.Description)
            .Text("content", "The content as text. Give either this or content_base64.", "")
            .Text("content_base64", "The content as Base64, for files that are not text.", ""),
        Hints.Destructive),
    settings)
{
    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var (arguments, path) = (call.Arguments, FilePaths.Absolute(call.Arguments.Text("path")));
        var encoded = arguments.Text("content_base64", "");
        if (encoded.Length > 0 && arguments.Text("content", "").Length > 0) throw RefusedException.Invalid("content_base64", "must not be given together with content");
        if (!arguments.Has("content") && !arguments.Has("content_base64")) throw new RefusedException("invalid_request", "argument 'content' is required");
        var content = encoded.Length > 0 ? Decode(encoded) : Encoding.UTF8.GetBytes(arguments.Text("content", ""));
        await operations.WriteFileAsync(arguments.Sandbox, path, content, cancellationToken);
        return Say(string.Create(CultureInfo.InvariantCulture, $"Wrote {content.Length} bytes to {path}."));
    }

    private static byte[] Decode(string text)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw RefusedException.Invalid("content_base64", "must be Base64");
        }
    }
}

internal sealed class ListFilesTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "list_files",
        "List files",
        "Lists a directory of a sandbox.",
        new ToolSchema(settings).Sandbox().Text("path", "The directory. A relative path begins at /root.", "/root")
            .Whole("depth", "1 for the directory alone, more for the directories in it.", 1, 1, MaxDepth),
        Hints.ReadOnly),
    settings)
{
    private const int MaxDepth = 32;
    private const int MaxEntries = 1_000;

    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var path = FilePaths.Absolute(call.Arguments.Text("path", "/root"));
        var entries = await operations.ListFilesAsync(call.Arguments.Sandbox, path, (int)call.Arguments.Whole("depth", 1, 1, MaxDepth), MaxEntries + 1, cancellationToken);
        if (entries.Count == 0) return Say($"[{path} is empty]");
        var text = new StringBuilder();
        foreach (var entry in entries.Take(MaxEntries))
        {
            if (entry.Type is "file") text.Append(CultureInfo.InvariantCulture, $"{entry.Path} ({entry.Size} bytes)\n");
            else text.Append(CultureInfo.InvariantCulture, $"{entry.Path}{(entry.Type is "directory" ? "/" : $" ({entry.Type})")}\n");
        }

        if (entries.Count > MaxEntries) text.Append(CultureInfo.InvariantCulture, $"[more than {MaxEntries} entries; list a directory below]\n");
        return Say(text.ToString());
    }
}

internal static class FilePaths
{
    public const string Description = "The path. A relative path begins at /root.";

    private const string Home = "/root";

    public static string Absolute(string path) => path.StartsWith('/') ? path : path is "" or "." ? Home : $"{Home}/{path}";

    public static string? ImageTypeOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".gif" => "image/gif",
        ".webp" => "image/webp",
        _ => null,
    };

    public static string ToUri(string path) => $"file://{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";
}
