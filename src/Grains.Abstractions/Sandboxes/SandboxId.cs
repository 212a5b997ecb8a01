using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Podflare.Sandboxes;

/// <summary>The name of a sandbox: <c>sbx_</c>, 8 lower-case hex digits that name its host, 24 random ones.</summary>
[GenerateSerializer, Immutable, Alias("podflare.SandboxId")]
public readonly record struct SandboxId([property: Id(0)] string Value) : IParsable<SandboxId>
{
    private const string Prefix = "sbx_";
    private const int Digits = 32;

    /// <summary>The 8 digits of the host whose engine runs this sandbox.</summary>
    public string Host => Value.Substring(Prefix.Length, 8);

    /// <summary>The last 16 digits: they name the sandbox's socket folder, whose path must stay short.</summary>
    public string Tail => Value[^16..];

    /// <summary>Draws a new id for a sandbox on <paramref name="host"/> (8 lower-case hex digits).</summary>
    public static SandboxId New(string host) => new(Prefix + host + RandomNumberGenerator.GetHexString(24, lowercase: true));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out SandboxId result)
    {
        result = default;
        if (s is null || !HexId.Is(s, Prefix, Digits)) return false;
        result = new SandboxId(s);
        return true;
    }

    public static SandboxId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A sandbox id is sbx_ and 32 lower-case hex digits.");

    public override string ToString() => Value;
}
