using System.Text.Json;

namespace Podflare.Otlp;

/// <summary>A field of a type of OTLP.</summary>
/// <param name="Slot">Where a message keeps its value. The fields of a oneof share a slot.</param>
/// <param name="TypeName">The type of a <see cref="OtlpKind.Message"/>.</param>
/// <param name="IsRequired">A message without it is not valid.</param>
/// <param name="IsBounded">A list of more than <see cref="OtlpLimits.MaxListed"/> is not valid.</param>
internal sealed record OtlpField(int Number, string Name, OtlpKind Kind, string? TypeName, bool IsRepeated, int Slot, bool IsRequired = false, bool IsBounded = false)
{
    /// <summary>Its name in JSON.</summary>
    public JsonEncodedText JsonName { get; } = JsonEncodedText.Encode(Name);

    /// <summary>The type of a <see cref="OtlpKind.Message"/>; null for all other kinds.</summary>
    public OtlpType? Type => TypeName is null ? null : OtlpSchema.Find(TypeName);
}
