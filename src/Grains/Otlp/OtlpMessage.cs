using System.Text;

namespace Podflare.Otlp;

/// <summary>A message of OTLP. It keeps whether a field was set, also where it has its default value.</summary>
internal sealed class OtlpMessage(OtlpType type)
{
    private readonly OtlpValue[] _values = new OtlpValue[type.Slots];

    public OtlpType Type => type;

    /// <summary>The values of the fields that are set, in the order of the schema.</summary>
    public ReadOnlySpan<OtlpValue> Values => _values;

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
        var known = type[field];
        if (_values[known.Slot].Content is List<OtlpMessage> list) list.Add(message);
        else Set(new OtlpValue(known, 0, new List<OtlpMessage> { message }));
        return this;
    }

    /// <summary>Adds a message of a repeated field, and returns it to be filled.</summary>
    public OtlpMessage Add(string field)
    {
        var message = new OtlpMessage(type[field].Type!);
        Add(field, message);
        return message;
    }
}
