using System.Collections.Frozen;

namespace Podflare.Otlp;

/// <summary>A type of OTLP's messages.</summary>
internal sealed class OtlpType
{
    private readonly FrozenDictionary<string, OtlpField> _byName;

    private readonly OtlpField?[] _byNumber;

    public OtlpType(string name, OtlpField[] fields, int slots, bool isItem)
    {
        (Name, Fields, Slots, IsItem) = (name, fields, slots, isItem);
        _byName = fields.ToFrozenDictionary(field => field.Name);
        _byNumber = new OtlpField?[fields.Max(field => field.Number) + 1];
        foreach (var field in fields) _byNumber[field.Number] = field;
    }

    public string Name { get; }

    public OtlpField[] Fields { get; }

    /// <summary>How many values a message of this type can have at a time.</summary>
    public int Slots { get; }

    /// <summary>It is dropped alone where it is not valid.</summary>
    public bool IsItem { get; }

    /// <summary>The field with this number; null for none.</summary>
    public OtlpField? Find(int number) => number < _byNumber.Length ? _byNumber[number] : null;

    /// <summary>The field with this name, which must exist.</summary>
    public OtlpField this[string name] => _byName[name];
}
