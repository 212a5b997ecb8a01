using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Podflare;

/// <summary>A W3C Trace Context <c>traceparent</c>: <c>00-{trace id}-{span id}-{flags}</c>.</summary>
/// <remarks>W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent".</remarks>
public readonly record struct TraceParent
{
    private const int Length = 55;
    private const int ShortLength = 39;
    private const int MaxLength = 512;
    private const int Sampled = 1;
    private const int KnownFlags = 3;
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly string? _value;

    private TraceParent(string value, bool wasPadded) => (_value, WasPadded) = (value, wasPadded);

    /// <summary>The normalized value: always version 00 and a trace ID of 32 hex digits.</summary>
    public string Value => _value ?? "";

    /// <summary>Whether the text had a 64-bit trace ID, which was padded with zeros on the left.</summary>
    public bool WasPadded { get; }

    /// <summary>Parses a <c>traceparent</c> of at most 512 characters; a 64-bit trace ID is padded with zeros on the left.</summary>
    /// <returns>False for values that the standard requires to be ignored: upper-case hex, version ff, an all-zero ID.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out TraceParent result)
    {
        result = default;
        if (text is null or { Length: > MaxLength }) return false;
        var span = text.AsSpan().Trim(" \t");
        return span.Length == ShortLength ? TryParseShort(span, out result) : TryParseStandard(span, out result);
    }

    /// <summary>Parses a <c>traceparent</c>.</summary>
    /// <exception cref="ArgumentException">The text is not a valid <c>traceparent</c>.</exception>
    public static TraceParent Parse(string text) =>
        TryParse(text, out var result) ? result : throw new ArgumentException("The value is not a valid W3C traceparent.", nameof(text));

    /// <inheritdoc/>
    public override string ToString() => Value;

    internal ActivityContext ToContext() => new(
        ActivityTraceId.CreateFromString(Value.AsSpan(3, 32)),
        ActivitySpanId.CreateFromString(Value.AsSpan(36, 16)),
        (Value[54] & Sampled) != 0 ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None,
        isRemote: true);

    private static bool TryParseStandard(ReadOnlySpan<char> text, out TraceParent result)
    {
        result = default;
        if (text.Length < Length || !TryReadByte(text, out var version) || version == 0xff || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
        // In a higher version, only the IDs and the sampled flag are defined, and more fields may follow.
        if (text.Length > Length && (version == 0 || text[Length] != '-')) return false;
        if (!IsId(text[3..35]) || !IsId(text[36..52]) || !TryReadByte(text[53..], out var flags)) return false;
        result = new TraceParent($"00-{text[3..35]}-{text[36..52]}-{flags & (version == 0 ? KnownFlags : Sampled):x2}", wasPadded: false);
        return true;
    }

    // For 64-bit systems, W3C recommends padding on the left. A padded ID is not random, whatever its flag says.
    private static bool TryParseShort(ReadOnlySpan<char> text, out TraceParent result)
    {
        result = default;
        if (!text.StartsWith("00-") || text[19] != '-' || text[36] != '-') return false;
        if (!IsId(text[3..19]) || !IsId(text[20..36]) || !TryReadByte(text[37..], out var flags)) return false;
        result = new TraceParent($"00-0000000000000000{text[3..19]}-{text[20..36]}-{flags & Sampled:x2}", wasPadded: true);
        return true;
    }

    private static bool IsId(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(LowerHex) && text.ContainsAnyExcept('0');

    private static bool TryReadByte(ReadOnlySpan<char> text, out int value)
    {
        value = 0;
        if (text.Length < 2 || text[..2].ContainsAnyExcept(LowerHex)) return false;
        value = Digit(text[0]) * 16 + Digit(text[1]);
        return true;
    }

    private static int Digit(char c) => c <= '9' ? c - '0' : c - 'a' + 10;
}
