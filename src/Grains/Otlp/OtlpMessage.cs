using System.Text;

namespace Podflare.Otlp;

/// <summary>A message of OTLP. It keeps whether a field was set, also where it has its default value.</summary>
internal sealed class OtlpMessage(OtlpType type)
{
    private readonly OtlpValue[] _values = new OtlpValue[type.Slots];

    public OtlpType Type => type;

    /// <summary>The values of the fields that are set, in the order of the schema.</summary>
    public ReadOnlySpan<OtlpValue> Values => _values;

    public bool Has(OtlpField field) => _values[field.Slot].Field == field;

    /// <summary>The content of a field; null where it is not set.</summary>
    public object? Find(OtlpField field) => Has(field) ? _values[field.Slot].Content : null;

    /// <summary>The messages of a repeated field, by its name.</summary>
    public IReadOnlyList<OtlpMessage> List(string field) => Find(type[field]) as List<OtlpMessage> ?? [];

    /// <summary>The content of a field, by its name; null where it is not set.</summary>
    public object? Find(string field) => Find(type[field]);

    /// <summary>The number in a field, by its name; 0 where it is not set.</summary>
    public long Number(string field) => Has(type[field]) ? _values[type[field].Slot].Bits : 0;

    /// <summary>Removes the value of a field.</summary>
    public void Clear(OtlpField field)
    {
        if (Has(field)) _values[field.Slot] = default;
    }

    /// <summary>How many messages a repeated field has.</summary>
    public int Count(OtlpField field) => Find(field) is List<OtlpMessage> list ? list.Count : 0;

    public void Set(OtlpValue value) => _values[value.Field!.Slot] = value;

    /// <summary>Sets a field that holds a text, by its name.</summary>
    public OtlpMessage Set(string field, string text) => Set(field, Encoding.UTF8.GetBytes(text));

    /// <summary>Sets a field that holds a text, bytes or an id, by its name.</summary>
    public OtlpMessage Set(string field, byte[] bytes)
    {
        Set(new OtlpValue(type[field], 0, bytes));
        return this;
    }

    /// <summary>Sets a field that holds a number, by its name.</summary>
    public OtlpMessage Set(string field, long number)
    {
        Set(new OtlpValue(type[field], number, null));
        return this;
    }

    /// <summary>Sets a field that holds a message, by its name.</summary>
    public OtlpMessage Set(string field, OtlpMessage message)
    {
        Set(new OtlpValue(type[field], 0, message));
        return this;
    }

    /// <summary>Adds a message to a repeated field, by its name.</summary>
    public OtlpMessage Add(string field, OtlpMessage message)
    {
        Add(type[field], message);
        return this;
    }

    /// <summary>Adds a message to a repeated field.</summary>
    public void Add(OtlpField field, OtlpMessage message)
    {
        if (_values[field.Slot].Content is List<OtlpMessage> list) list.Add(message);
        else Set(new OtlpValue(field, 0, new List<OtlpMessage> { message }));
    }

    /// <summary>Adds a number to a repeated field.</summary>
    public void Add(OtlpField field, long bits)
    {
        if (_values[field.Slot].Content is List<long> list) list.Add(bits);
        else Set(new OtlpValue(field, 0, new List<long> { bits }));
    }

    /// <summary>Adds a message of a repeated field, and returns it to be filled.</summary>
    public OtlpMessage Add(string field)
    {
        var message = new OtlpMessage(type[field].Type!);
        Add(field, message);
        return message;
    }
}
