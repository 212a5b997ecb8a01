using System.Security.Cryptography;

namespace Podflare.Keys;

/// <summary>
/// The secret of an API key: <c>pf_live_</c>, 30 random base62 digits, and 6 base62 digits with the CRC-32 of the 38 characters before them.
/// The checksum lets a mistyped key be refused, and a leaked one be found, without knowing the keys.
/// </summary>
public static class KeySecret
{
    /// <summary>The first characters of every secret.</summary>
    public const string Scheme = "pf_live_";

    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int RandomDigits = 30;
    private const int ChecksumDigits = 6;
    private const int Checked = 38;
    private const int Length = Checked + ChecksumDigits;
    private const int ShownDigits = 12;

    private static readonly uint[] CrcTable = MakeCrcTable();

    /// <summary>Draws a secret with 178 random bits.</summary>
    public static string New() => Complete(Scheme + RandomNumberGenerator.GetString(Base62, RandomDigits));

    /// <summary>What may be shown and logged of a secret: its first 12 characters.</summary>
    public static string PrefixOf(string secret) => secret[..Math.Min(ShownDigits, secret.Length)];

    /// <summary>Whether the key claims to be one of ours.</summary>
    public static bool HasScheme(ReadOnlySpan<char> key) => key.StartsWith("pf_", StringComparison.Ordinal);

    /// <summary>Whether the key has our form and its checksum is right.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> key)
    {
        if (key.Length != Length || !key.StartsWith(Scheme, StringComparison.Ordinal)) return false;
        foreach (var c in key[Scheme.Length..])
            if (!char.IsAsciiLetterOrDigit(c)) return false;
        Span<char> checksum = stackalloc char[ChecksumDigits];
        WriteChecksum(key[..Checked], checksum);
        return key[Checked..].SequenceEqual(checksum);
    }

    /// <summary>Adds the checksum to the scheme and the random digits.</summary>
    private static string Complete(string start) => string.Create(Length, start, static (all, start) =>
    {
        start.CopyTo(all);
        WriteChecksum(all[..Checked], all[Checked..]);
    });

    private static void WriteChecksum(ReadOnlySpan<char> ascii, Span<char> digits)
    {
        var crc = ~0u;
        foreach (var c in ascii) crc = CrcTable[(byte)(crc ^ c)] ^ (crc >> 8);
        crc = ~crc;
        for (var i = digits.Length - 1; i >= 0; i--, crc /= (uint)Base62.Length) digits[i] = Base62[(int)(crc % (uint)Base62.Length)];
    }

    // CRC-32 of IEEE 802.3, reflected, as in zlib.
    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
