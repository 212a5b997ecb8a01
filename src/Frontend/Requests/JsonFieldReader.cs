using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>
/// Reads the fields of a JSON object without building a document, and collects what is wrong with them. A field that is null counts as
/// absent. The caller skips the fields that it does not know.
/// </summary>
internal ref struct JsonFieldReader
{
    private const string InvalidText = "must be valid Unicode: it has a lone surrogate or invalid UTF-8";
    private readonly FieldErrors _errors;
    private readonly ReadOnlySpan<byte> _utf8;
    private Utf8JsonReader _reader;
    private string _field = "body";
    private string? _object;

    public JsonFieldReader(ReadOnlySpan<byte> utf8, FieldErrors errors)
    {
        _errors = errors;
        _utf8 = utf8;
        _reader = new Utf8JsonReader(utf8);
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject) throw ProblemException.Invalid("body", "must be a JSON object");
    }

    /// <summary>Runs a parser, and answers 400 when the body is not JSON.</summary>
    public static T Read<T>(ReadOnlySpan<byte> utf8, Parser<T> parse)
    {
        try
        {
            var errors = new FieldErrors();
            var result = parse(new JsonFieldReader(utf8, errors), errors);
            // Unknown fields are skipped without being decoded.
            return System.Text.Unicode.Utf8.IsValid(utf8) ? result : throw ProblemException.Invalid("body", "must be valid UTF-8");
        }
        // The reader throws InvalidOperationException for a field name that is not valid text.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw ProblemException.Invalid("body", "must be valid JSON");
        }
    }

    public delegate T Parser<out T>(JsonFieldReader fields, FieldErrors errors);

    /// <summary>Moves to the next field; false at the end of the object.</summary>
    public bool Next()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.PropertyName) return true;
        if (_object is not null)
        {
            (_field, _object) = (_object, null);
            return false;
        }

        // Reads past the object: anything that follows it makes the reader throw.
        _reader.Read();
        return false;
    }

    /// <summary>Whether the field has this name. Errors in the value that is read next are then reported for it.</summary>
    public bool Is(string name)
    {
        if (!_reader.ValueTextEquals(name)) return false;
        _field = _object is null ? name : $"{_object}.{name}";
        return true;
    }

    public void Skip() => _reader.Skip();

    /// <summary>
    /// Enters the object that is the value of the field. Its fields are read with <see cref="Next"/> until that returns false; they must
    /// not contain objects that are entered.
    /// </summary>
    public bool EnterObject()
    {
        if (!Enter(JsonTokenType.StartObject, "must be an object")) return false;
        _object = _field;
        return true;
    }

    public string? Text(int maxLength)
    {
        if (!Enter(JsonTokenType.String, "must be a string") || !TryGetString(_field, out var text)) return null;
        if (text.Length <= maxLength) return text;
        _errors.Add(_field, $"must have at most {maxLength} characters");
        return null;
    }

    /// <summary>A string as UTF-8, without a conversion to UTF-16 and back.</summary>
    public byte[]? Utf8()
    {
        if (!Enter(JsonTokenType.String, "must be a string")) return null;
        var rented = ArrayPool<byte>.Shared.Rent(Math.Max(1, _reader.ValueSpan.Length));
        try
        {
            return rented.AsSpan(0, _reader.CopyString(rented)).ToArray();
        }
        catch (InvalidOperationException)
        {
            _errors.Add(_field, InvalidText);
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>One of a few words.</summary>
    public string? Word(params ReadOnlySpan<string> allowed)
    {
        if (!Enter(JsonTokenType.String, $"must be {Join(allowed)}")) return null;
        foreach (var word in allowed)
        {
            if (_reader.ValueTextEquals(word)) return word;
        }

        _errors.Add(_field, $"must be {Join(allowed)}");
        return null;
    }

    /// <summary>Bytes as base64.</summary>
    public byte[]? Base64()
    {
        if (!Enter(JsonTokenType.String, "must be a string")) return null;
        if (_reader.TryGetBytesFromBase64(out var bytes)) return bytes;
        _errors.Add(_field, "must be base64");
        return null;
    }

    public bool? Flag()
    {
        _reader.Read();
        if (_reader.TokenType is JsonTokenType.True or JsonTokenType.False) return _reader.GetBoolean();
        Refuse("must be true or false");
        return null;
    }

    /// <summary>True, false or one word; null when it is absent or wrong.</summary>
    public (bool? Flag, bool IsWord) FlagOrWord(string word)
    {
        _reader.Read();
        if (_reader.TokenType is JsonTokenType.True or JsonTokenType.False) return (_reader.GetBoolean(), false);
        if (_reader.TokenType is JsonTokenType.String && _reader.ValueTextEquals(word)) return (null, true);
        Refuse($"must be true, false or \"{word}\"");
        return (null, false);
    }

    /// <summary>True, false or an object, which is then entered as by <see cref="EnterObject"/>.</summary>
    public (bool? Flag, bool IsObject) FlagOrObject()
    {
        _reader.Read();
        if (_reader.TokenType is JsonTokenType.True or JsonTokenType.False) return (_reader.GetBoolean(), false);
        if (_reader.TokenType is JsonTokenType.StartObject)
        {
            _object = _field;
            return (null, true);
        }

        Refuse("must be true, false or an object");
        return (null, false);
    }

    /// <summary>A number above zero.</summary>
    public double? Positive()
    {
        if (!Enter(JsonTokenType.Number, "must be a number")) return null;
        // A number beyond the range of a double is larger than every maximum.
        if (!_reader.TryGetDouble(out var value)) value = double.MaxValue;
        if (value > 0) return value;
        _errors.Add(_field, "must be greater than 0");
        return null;
    }

    /// <summary>A number in a range.</summary>
    public double? Number(double minimum, double maximum)
    {
        if (!Enter(JsonTokenType.Number, "must be a number")) return null;
        if (_reader.TryGetDouble(out var value) && value >= minimum && value <= maximum) return value;
        _errors.Add(_field, string.Create(CultureInfo.InvariantCulture, $"must be a number from {minimum} to {maximum}"));
        return null;
    }

    /// <summary>A whole number in a range.</summary>
    public long? Whole(long minimum, long maximum)
    {
        if (!Enter(JsonTokenType.Number, "must be a whole number")) return null;
        if (_reader.TryGetInt64(out var value) && value >= minimum && value <= maximum) return value;
        _errors.Add(_field, maximum == long.MaxValue ? $"must be a whole number of at least {minimum}" : $"must be a whole number from {minimum} to {maximum}");
        return null;
    }

    /// <summary>A whole number; one above the range of the type is read as the largest value.</summary>
    public int? Whole(int minimum)
    {
        if (!Enter(JsonTokenType.Number, "must be a whole number")) return null;
        if (!_reader.TryGetDouble(out var value)) value = double.MaxValue;
        if (value == Math.Floor(value) && value >= minimum) return (int)Math.Min(value, int.MaxValue);
        _errors.Add(_field, $"must be a whole number of at least {minimum}");
        return null;
    }

    /// <summary>The field, as errors name it.</summary>
    internal readonly string Field => _field;

    internal readonly FieldErrors Errors => _errors;

    /// <summary>Moves to the next token inside a value, and returns its type.</summary>
    internal JsonTokenType Read()
    {
        _reader.Read();
        return _reader.TokenType;
    }

    /// <summary>Bytes of the body up to the end of the current token.</summary>
    internal readonly long Position => _reader.BytesConsumed;

    /// <summary>Moves to the end of the current value. Returns it as it was sent, in UTF-8.</summary>
    internal byte[] Raw()
    {
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _utf8[start..(int)_reader.BytesConsumed].ToArray();
    }

    /// <summary>Moves to the value of the field, which must have a type. Another one is skipped, and an error unless it is null.</summary>
    internal bool Enter(JsonTokenType expected, string otherwise)
    {
        _reader.Read();
        if (_reader.TokenType == expected) return true;
        Refuse(otherwise);
        return false;
    }

    private void Refuse(string message)
    {
        if (_reader.TokenType != JsonTokenType.Null) _errors.Add(_field, message);
        _reader.Skip();
    }

    private static string Join(ReadOnlySpan<string> words) =>
        words is [var only] ? only : $"{string.Join(", ", words[..^1]!)} or {words[^1]}";

    /// <summary>The text of the current token.</summary>
    internal readonly bool TryGetString(string field, out string text)
    {
        try
        {
            text = _reader.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            _errors.Add(field, InvalidText);
            text = "";
            return false;
        }
    }
}
