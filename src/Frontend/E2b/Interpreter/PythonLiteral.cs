using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podflare.E2b.Interpreter;

/// <summary>Reads the text of a Python dict or list and writes it as JSON, where it is made of what JSON has.</summary>
internal ref struct PythonLiteral
{
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<char> _text;
    private readonly Utf8JsonWriter _json;
    private int _at;

    private PythonLiteral(ReadOnlySpan<char> text, Utf8JsonWriter json)
    {
        _text = text;
        _json = json;
    }

    private readonly char Current => _at < _text.Length ? _text[_at] : '\0';

    /// <returns>Null when the text is neither a dict nor a list, or has anything that JSON has not.</returns>
    public static byte[]? ToJson(ReadOnlySpan<char> text)
    {
        if (text is not (['{', .., '}'] or ['[', .., ']'])) return null;
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        var literal = new PythonLiteral(text, json);
        if (!literal.Value(0) || literal._at != text.Length) return null;
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private bool Value(int depth)
    {
        if (depth > MaxDepth) return false;
        switch (Current)
        {
            case '{': return Dict(depth);
            case '[': return Items(']', depth);
            case '(': return Items(')', depth);
            case '\'' or '"':
                if (Text() is not { } text) return false;
                _json.WriteStringValue(text);
                return true;
            default: return Word() is { } word && WriteWord(word);
        }
    }

    private bool Dict(int depth)
    {
        _json.WriteStartObject();
        _at++;
        while (Current != '}')
        {
            if (Key() is not { } key || !Take(':')) return false;
            _json.WritePropertyName(key);
            Spaces();
            if (!Value(depth + 1)) return false;
            if (!Take(',')) break;
            Spaces();
        }

        if (!Take('}')) return false;
        _json.WriteEndObject();
        return true;
    }

    private bool Items(char end, int depth)
    {
        _json.WriteStartArray();
        _at++;
        while (Current != end)
        {
            if (!Value(depth + 1)) return false;
            if (!Take(',')) break;
            Spaces();
        }

        if (!Take(end)) return false;
        _json.WriteEndArray();
        return true;
    }

    // As json.dumps turns the keys of a dict into text.
    private string? Key() => Current is '\'' or '"' ? Text() : Word() switch
    {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        { } word when IsNumber(word) => word,
        _ => null,
    };

    private readonly bool WriteWord(string word)
    {
        if (word == "True") _json.WriteBooleanValue(true);
        else if (word == "False") _json.WriteBooleanValue(false);
        else if (word == "None") _json.WriteNullValue();
        else if (IsNumber(word)) _json.WriteRawValue(word);
        else return false;
        return true;
    }

    private static bool IsNumber(string word)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(word));
        try
        {
            return reader.Read() && reader.TokenType is JsonTokenType.Number && reader.BytesConsumed == word.Length;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private string? Word()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '+' or '-' or '.') _at++;
        return _at > start ? _text[start.._at].ToString() : null;
    }

    private string? Text()
    {
        var quote = Current;
        var text = new StringBuilder();
        for (_at++; Current != quote; _at++)
        {
            if (_at >= _text.Length) return null;
            if (Current != '\\') text.Append(Current);
            else if (!Escape(text)) return null;
        }

        _at++;
        return text.ToString();
    }

    private bool Escape(StringBuilder text)
    {
        _at++;
        switch (Current)
        {
            case 'n': text.Append('\n'); return true;
            case 'r': text.Append('\r'); return true;
            case 't': text.Append('\t'); return true;
            case '\\' or '\'' or '"': text.Append(Current); return true;
            case 'x': return Code(text, 2);
            case 'u': return Code(text, 4);
            case 'U': return Code(text, 8);
            default: return false;
        }
    }

    private bool Code(StringBuilder text, int digits)
    {
        if (_at + digits >= _text.Length || !int.TryParse(_text.Slice(_at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code)) return false;
        text.Append(new Rune(code));
        _at += digits;
        return true;
    }

    private bool Take(char expected)
    {
        if (Current != expected) return false;
        _at++;
        return true;
    }

    private void Spaces()
    {
        while (Current == ' ') _at++;
    }
}
