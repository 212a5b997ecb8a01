using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Podflare.Webhooks;

/// <summary>The name of a webhook: <c>whk_</c> and 24 lower-case hex digits.</summary>
[GenerateSerializer, Immutable, Alias("podflare.WebhookId")]
public readonly record struct WebhookId([property: Id(0)] string Value) : IParsable<WebhookId>
{
    private const string Prefix = "whk_";
    private const int Digits = 24;

    /// <summary>Draws a random id.</summary>
    public static WebhookId New() => new(Prefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out WebhookId result)
    {
        result = default;
        if (s is null || !HexId.Is(s, Prefix, Digits)) return false;
        result = new WebhookId(s);
        return true;
    }

    public static WebhookId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A webhook id is whk_ and 24 lower-case hex digits.");

    public override string ToString() => Value;
}
