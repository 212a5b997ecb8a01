using System.Text;
using Podflare.Requests;

namespace Podflare.Files;

/// <summary>A path in a JSON body: as text, or in base64 where it is not UTF-8.</summary>
internal static class PathField
{
    public static FilePath? Text(ref JsonFieldReader fields) => fields.Text(FilePath.MaxBytes) is { } text ? Parse(ref fields, Encoding.UTF8.GetBytes(text)) : null;

    public static FilePath? Base64(ref JsonFieldReader fields) => fields.Base64() is { } bytes ? Parse(ref fields, bytes) : null;

    /// <summary>An absolute path as it was sent, for a folder in which something starts.</summary>
    public static string? Absolute(ref JsonFieldReader fields)
    {
        if (fields.Text(FilePath.MaxBytes) is not { } text) return null;
        if (text.StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(text) <= FilePath.MaxBytes) return text;
        fields.Errors.Add(fields.Field, "must be an absolute path, such as /root");
        return null;
    }

    private static FilePath? Parse(ref JsonFieldReader fields, byte[] path)
    {
        var wrong = path is [(byte)'/', ..] ? null : "must be an absolute path, such as /root";
        var parsed = wrong is null ? FilePath.Parse(path, out wrong) : null;
        if (wrong is not null) fields.Errors.Add(fields.Field, wrong);
        return parsed;
    }
}
