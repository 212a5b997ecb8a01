using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Podflare.Keys;

/// <summary>The name of an API key: <c>key_</c> and 24 lower-case hex digits, or <c>env_</c> and 8 for a key of the server's environment.</summary>
[GenerateSerializer, Immutable, Alias("podflare.KeyId")]
public readonly record struct KeyId([property: Id(0)] string Value) : IParsable<KeyId>
{
    private const string Prefix = "key_";
    private const int Digits = 24;
    private const string EnvironmentPrefix = "env_";
    private const int EnvironmentDigits = 8;

    /// <summary>The key is set in the environment of the server, and the API cannot change it.</summary>
    public bool IsFromEnvironment => Value.StartsWith(EnvironmentPrefix, StringComparison.Ordinal);

    /// <summary>Draws a random id.</summary>
    public static KeyId New() => new(Prefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true));

    /// <summary>The id of a key of the environment: the same on every server that has the key.</summary>
    public static KeyId OfEnvironment(KeyHash hash) => new(EnvironmentPrefix + hash.ToString()[..EnvironmentDigits]);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out KeyId result)
    {
        result = default;
        if (s is null || !HexId.Is(s, Prefix, Digits) && !HexId.Is(s, EnvironmentPrefix, EnvironmentDigits)) return false;
        result = new KeyId(s);
        return true;
    }

    public static KeyId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A key id is key_ and 24, or env_ and 8 lower-case hex digits.");

    public override string ToString() => Value;
}
