using System.Collections.Frozen;

namespace Podflare.Otlp;

/// <summary>A type of OTLP's messages.</summary>
internal sealed class OtlpType
{
    private readonly FrozenDictionary<string, OtlpField> _byName;

    public OtlpType(string name, IReadOnlyList<OtlpField> fields, int slots)
    {
        (Name, Fields, Slots) = (name, fields, slots);
        _byName = fields.ToFrozenDictionary(field => field.Name);
    }

    public string Name { get; }

    public IReadOnlyList<OtlpField> Fields { get; }

    /// <summary>How many values a message of this type can have at a time.</summary>
    public int Slots { get; }

    /// <summary>The field with this name, which must exist.</summary>
    public OtlpField this[string name] => _byName[name];
}
