using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Podflare.E2b;

/// <summary>The signature of a URL that reads or writes one file without a token.</summary>
internal static class FileSignature
{
    public const string Parameter = "signature";
    public const string ExpirationParameter = "signature_expiration";

    private const string Version = "v1_";

    /// <param name="path">As the URL has it; empty where it has none.</param>
    /// <param name="operation"><c>read</c> or <c>write</c>.</param>
    /// <param name="user">As the URL has it; empty where it has none.</param>
    /// <param name="expiration">In Unix seconds; null for a signature that does not expire.</param>
    public static string Of(string path, string operation, string user, string token, long? expiration)
    {
        var text = $"{path}:{operation}:{user}:{token}";
        if (expiration is { } at) text += string.Create(CultureInfo.InvariantCulture, $":{at}");
        return Version + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text))).TrimEnd('=');
    }

    public static bool Is(string expected, string sent) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(sent));
}
