using System.IO.Compression;
using System.Security.Cryptography;

namespace Podflare.WebConsole;

/// <summary>A file for browsers, as it is and compressed with gzip.</summary>
/// <param name="Tag">The entity tag of <paramref name="Content"/>, with quotation marks.</param>
/// <param name="PackedTag">The entity tag of <paramref name="Packed"/>, which are other bytes.</param>
internal sealed record ConsoleFile(byte[] Content, byte[] Packed, string ContentType, string Tag, string PackedTag)
{
    private const int TagDigits = 24;

    public static ConsoleFile Create(string path, Stream stream)
    {
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        var content = Path.GetExtension(path) is ".js" or ".css" ? CommentRemover.Remove(memory.ToArray()) : memory.ToArray();
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..TagDigits];
        return new ConsoleFile(content, Pack(content), TypeOf(path), $"\"{hash}\"", $"\"{hash}-gzip\"");
    }

    private static byte[] Pack(byte[] content)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.SmallestSize)) gzip.Write(content);
        return memory.ToArray();
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
