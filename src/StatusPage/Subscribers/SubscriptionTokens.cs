using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>The tokens in links. Manage and unsubscribe tokens are derived from a key, so that they need not be stored.</summary>
internal sealed class SubscriptionTokens
{
    private readonly byte[] _key;

    public SubscriptionTokens(Database database)
    {
        var key = database.Read(sql => sql.First($"SELECT value FROM meta WHERE name = 'token_key'", row => row.Text(0)));
        if (key is null)
        {
            key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            database.WriteAsync(sql => sql.Execute($"INSERT INTO meta (name, value) VALUES ('token_key', {key})"), CancellationToken.None).GetAwaiter().GetResult();
        }

        _key = Convert.FromBase64String(key);
    }

    /// <summary>Creates a single-use token and the hash that is stored for it.</summary>
    public static (string Token, string Hash) Create()
    {
        var token = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        return (token, Hash(token));
    }

    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    public string Manage(string subscriber) => CreateSigned("manage", subscriber);

    public string Unsubscribe(string subscriber) => CreateSigned("unsubscribe", subscriber);

    /// <summary>Returns the subscriber of a token, or null if the token is not valid.</summary>
    public string? ReadManage(string? token) => Read("manage", token);

    public string? ReadUnsubscribe(string? token) => Read("unsubscribe", token);

    private string CreateSigned(string purpose, string subscriber) => $"{subscriber}.{WebEncoders.Base64UrlEncode(ComputeMac(purpose, subscriber))}";

    private string? Read(string purpose, string? token)
    {
        if (token is null || token.Length > 200 || token.IndexOf('.', StringComparison.Ordinal) is var dot && dot < 1) return null;
        var subscriber = token[..dot];
        var same = CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(CreateSigned(purpose, subscriber)), Encoding.UTF8.GetBytes(token));
        return same ? subscriber : null;
    }

    private byte[] ComputeMac(string purpose, string subscriber) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{purpose}:{subscriber}"));
}
