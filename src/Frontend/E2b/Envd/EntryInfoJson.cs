using System.Globalization;
using System.Text;
using Podflare.Files;
using Podflare.Http;

namespace Podflare.E2b.Envd;

/// <summary>Directory entries as clients of E2B know them.</summary>
internal static class EntryInfoJson
{
    private const int DefaultMode = 0b110_100_100;
    private const int PermissionBits = 9;
    private const int TopBit = 1 << (PermissionBits - 1);

    public static EntryInfo Of(FileEntry entry, FilePath path)
    {
        var full = Encoding.UTF8.GetString(entry.Path ?? path.Bytes);
        var mode = entry.Mode ?? DefaultMode;
        return new EntryInfo(
            full == "/" ? "/" : full[(full.LastIndexOf('/') + 1)..], TypeOf(entry.Kind), full, entry.Size.ToString(CultureInfo.InvariantCulture), mode, Permissions(entry.Kind, mode),
            entry.Owner ?? "", entry.Group ?? "", Timestamps.ToRfc3339(entry.ModifiedAt),
            entry.Target is { } target ? SandboxPath.Resolve(Encoding.UTF8.GetString(target), full[..Math.Max(1, full.LastIndexOf('/'))]) : null);
    }

    private static string TypeOf(FileKind kind) => kind switch
    {
        FileKind.File => "FILE_TYPE_FILE",
        FileKind.Directory => "FILE_TYPE_DIRECTORY",
        FileKind.Symlink => "FILE_TYPE_SYMLINK",
        _ => "FILE_TYPE_UNSPECIFIED",
    };

    private static string Permissions(FileKind kind, int mode)
    {
        Span<char> text = stackalloc char[1 + PermissionBits];
        text[0] = kind switch { FileKind.Directory => 'd', FileKind.Symlink => 'L', _ => '-' };
        for (var bit = 0; bit < PermissionBits; bit++) text[1 + bit] = (mode & (TopBit >> bit)) != 0 ? "rwx"[bit % 3] : '-';
        return text.ToString();
    }
}
