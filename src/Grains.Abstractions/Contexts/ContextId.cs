using System.Diagnostics.CodeAnalysis;

namespace Podflare.Contexts;

/// <summary>The name of a context in its sandbox: 1 to 64 of <c>a-z</c>, <c>0-9</c>, <c>_</c> and <c>-</c>, the first a letter or digit.</summary>
[GenerateSerializer, Immutable, Alias("podflare.ContextId")]
public readonly record struct ContextId([property: Id(0)] string Value) : IParsable<ContextId>
{
    private const int MaxLength = 64;

    /// <summary>The context that every sandbox has.</summary>
    public static readonly ContextId Default = new("python");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ContextId result)
    {
        result = default;
        if (s is not { Length: > 0 and <= MaxLength } || s[0] is '_' or '-') return false;
        foreach (var c in s)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('_' or '-')) return false;
        result = new ContextId(s);
        return true;
    }

    public static ContextId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A context id is 1 to 64 of a-z, 0-9, _ and -, the first a letter or digit.");

    public override string ToString() => Value;
}
