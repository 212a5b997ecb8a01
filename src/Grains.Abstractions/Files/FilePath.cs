using System.Text;

namespace Podflare.Files;

/// <summary>An absolute path in a sandbox, as the bytes that the kernel takes: usually UTF-8, but any bytes may be a name.</summary>
/// <remarks>Where it leads is decided in the sandbox, by its user's rights; here it is only checked for what can never be a path.</remarks>
[GenerateSerializer, Immutable, Alias("podflare.FilePath")]
public sealed record FilePath([property: Id(0)] byte[] Bytes)
{
    /// <summary>Longest path in bytes (Linux, PATH_MAX without its NUL).</summary>
    public const int MaxBytes = 4_095;

    /// <summary>Longest name in bytes.</summary>
    public const int MaxNameBytes = 255;

    /// <summary>The folder in which a sandbox's code starts.</summary>
    public static readonly FilePath Home = new("/root"u8.ToArray());

    /// <summary>Takes the parts of a path that are no mere punctuation.</summary>
    /// <param name="path">Bytes; a slash in front is implied, doubled ones and one at the end are dropped.</param>
    /// <param name="wrong">What is wrong with it; null when nothing is.</param>
    public static FilePath? Parse(ReadOnlySpan<byte> path, out string? wrong)
    {
        wrong = null;
        var parts = new List<byte>(path.Length + 1);
        foreach (var range in path.Split((byte)'/'))
        {
            var part = path[range];
            if (part.IsEmpty) continue;
            if (part.SequenceEqual("."u8) || part.SequenceEqual(".."u8)) wrong = "must not contain the segments '.' or '..'";
            else if (part.Contains((byte)0)) wrong = "must not contain NUL";
            else if (part.Length > MaxNameBytes) wrong = $"must not contain a name of more than {MaxNameBytes} bytes";
            if (wrong is not null) return null;
            parts.Add((byte)'/');
            parts.AddRange(part);
        }

        if (parts.Count > MaxBytes) wrong = $"must have at most {MaxBytes} bytes";
        return wrong is null ? new FilePath(parts.Count > 0 ? [.. parts] : "/"u8.ToArray()) : null;
    }

    /// <summary>To show it: bytes that are not UTF-8 as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);
}
