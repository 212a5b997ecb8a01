using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Files;

/// <summary>The body of a request to make, move or copy something.</summary>
/// <param name="Path">What is made, moved or copied.</param>
/// <param name="To">Where it is moved or copied to; null when it is made.</param>
/// <param name="Mode">Permissions of a new directory; null for the default of the sandbox.</param>
/// <param name="Overwrite">Whether what exists at the target is replaced.</param>
/// <param name="Parents">Whether missing parents of the target are made.</param>
/// <param name="Recursive">Whether a directory is copied with all below it.</param>
internal sealed record FileOperation(FilePath Path, FilePath? To, int? Mode, bool Overwrite, bool Parents, bool Recursive)
{
    private const int MaxMode = 8;

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static FileOperation ParseDirectory(ReadOnlySpan<byte> utf8) => Parse(utf8, "path", null);

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static FileOperation ParsePair(ReadOnlySpan<byte> utf8) => Parse(utf8, "from", "to");

    private static FileOperation Parse(ReadOnlySpan<byte> utf8, string from, string? to) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        FilePath? source = null, target = null;
        int? mode = null;
        bool? overwrite = null, parents = null, recursive = null;
        while (fields.Next())
        {
            if (fields.Is(from)) source = PathField.Text(ref fields);
            else if (fields.Is($"{from}_b64")) source = PathField.Base64(ref fields);
            else if (to is not null && fields.Is(to)) target = PathField.Text(ref fields);
            else if (to is not null && fields.Is($"{to}_b64")) target = PathField.Base64(ref fields);
            else if (to is null && fields.Is("mode")) mode = ReadMode(ref fields);
            else if (fields.Is("overwrite")) overwrite = fields.Flag();
            else if (fields.Is("parents")) parents = fields.Flag();
            else if (fields.Is("recursive")) recursive = fields.Flag();
            else fields.Skip();
        }

        errors.ThrowIfAny();
        if (source is null) errors.Add(from, $"must be given, or {from}_b64");
        if (to is not null && target is null) errors.Add(to, $"must be given, or {to}_b64");
        if (source is not null && target is not null && IsInside(target, source)) errors.Add(to!, "must not be inside from");
        errors.ThrowIfAny();
        return new FileOperation(source!, target, mode, overwrite ?? true, parents == true, recursive == true);
    });

    private static bool IsInside(FilePath path, FilePath folder) => path.Bytes.AsSpan().StartsWith([.. folder.Bytes, (byte)'/']);

    private static int? ReadMode(ref JsonFieldReader fields)
    {
        if (fields.Text(MaxMode) is not { } text) return null;
        if (text.Length is 3 or 4 && text.All(c => c is >= '0' and <= '7')) return Convert.ToInt32(text, 8);
        fields.Errors.Add(fields.Field, "must be three or four octal digits, such as 0755");
        return null;
    }
}
