using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Podflare.Sandboxes;

/// <summary>The end of a page of a list: creation time and id of its last sandbox. Opaque to clients.</summary>
internal readonly record struct ListCursor(DateTimeOffset CreatedAt, SandboxId Id)
{
    private const int MaxLength = 128;

    /// <summary>Newest first; sandboxes with the same creation time by descending id.</summary>
    public static readonly IComparer<SandboxInfo> NewestFirst = Comparer<SandboxInfo>.Create((a, b) =>
        b.CreatedAt.CompareTo(a.CreatedAt) is var byTime and not 0 ? byTime : string.CompareOrdinal(b.Id.Value, a.Id.Value));

    /// <summary>The reverse of <see cref="NewestFirst"/>.</summary>
    public static readonly IComparer<SandboxInfo> OldestFirst = Comparer<SandboxInfo>.Create((a, b) => NewestFirst.Compare(b, a));

    public static ListCursor After(SandboxInfo last) => new(last.CreatedAt, last.Id);

    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{CreatedAt.UtcTicks}.{Id}")));

    public static bool TryParse(string text, out ListCursor cursor)
    {
        cursor = default;
        if (text.Length > MaxLength || !Base64Url.IsValid(text)) return false;
        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('.');
        if (parts.Length != 2 || !SandboxId.TryParse(parts[1], null, out var id)
            || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.UtcTicks)
            return false;
        cursor = new ListCursor(new DateTimeOffset(ticks, TimeSpan.Zero), id);
        return true;
    }
}
