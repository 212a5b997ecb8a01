namespace Podflare.Otlp;

/// <summary>A value of a message.</summary>
/// <param name="Field">The field that has it; null for none.</param>
/// <param name="Bits">Of a number, whatever its kind.</param>
/// <param name="Content">
/// Bytes of a text, of bytes or of an id; an <see cref="OtlpMessage"/>; or the list of a repeated field, of messages or of the <see cref="Bits"/> of numbers.
/// </param>
internal readonly record struct OtlpValue(OtlpField? Field, long Bits, object? Content);
