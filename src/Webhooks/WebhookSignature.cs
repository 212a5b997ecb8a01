using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Podflare.Webhooks;

/// <summary>Standard Webhooks 1.0.0, "Signature scheme".</summary>
public static class WebhookSignature
{
    private const string Prefix = "whsec_";

    /// <summary>Draws a secret of 256 random bits.</summary>
    public static string NewSecret() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>Returns one signature for each secret, separated by spaces, so that a receiver may use either secret during a rotation.</summary>
    public static string Sign(string id, DateTimeOffset at, string body, params IEnumerable<string> secrets)
    {
        var signed = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.{body}"));
        return string.Join(' ', secrets.Select(s => "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(s[Prefix.Length..]), signed))));
    }
}
