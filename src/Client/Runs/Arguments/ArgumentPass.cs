using System.Text.Json;

namespace Podflare;

/// <summary>What one validation may still do. The arguments come from untrusted code, so their size and depth are limited.</summary>
internal sealed class ArgumentPass(long steps = ArgumentPass.MaxSteps)
{
    /// <summary>The length of a text that a pattern is applied to, and of every name.</summary>
    public const int MaxMatched = 4_096;

    private const long MaxSteps = 200_000;
    private const int MaxDepth = 128;
    private long _steps = steps;
    private int _depth;

    /// <summary>Counts a value, and refuses what not every language can hold.</summary>
    public void Enter(JsonElement value, ArgumentPath? path)
    {
        _depth++;
        try
        {
            _steps -= 1 + (SizeOf(value, path) >> 6);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            throw Invalid(path, "is not valid Unicode");
        }

        if (_steps < 0) throw new InvalidArgumentsException("the arguments are too large to be validated");
        if (_depth > MaxDepth) throw new InvalidArgumentsException("the arguments are nested too deeply to be validated");
        if (value.ValueKind is JsonValueKind.Number && !double.IsFinite(value.GetDouble())) throw Invalid(path, "is out of the range of numbers");
    }

    public void Leave() => _depth--;

    /// <summary>A text that is the same for equal values only.</summary>
    public string Key(JsonElement value, ArgumentPath? path)
    {
        Enter(value, path);
        var key = value.ValueKind switch
        {
            JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(item => Key(item, path)))}]",
            JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().Select(member => $"{member.Name.Length}:{member.Name}{Key(member.Value, path)}").Order(StringComparer.Ordinal))}}}",
            JsonValueKind.String => $"{value.GetString()!.Length}:{value.GetString()}",
            JsonValueKind.Number => ArgumentValues.NumberKey(value),
            _ => value.GetRawText(),
        };
        Leave();
        return key;
    }

    private static InvalidArgumentsException Invalid(ArgumentPath? path, string text) => new(new ArgumentViolation(path, text).Message());

    private static int SizeOf(JsonElement value, ArgumentPath? path)
    {
        if (value.ValueKind is JsonValueKind.String) return value.GetString()!.Length;
        if (value.ValueKind is JsonValueKind.Array) return value.GetArrayLength();
        if (value.ValueKind is not JsonValueKind.Object) return 0;
        var count = 0;
        foreach (var member in value.EnumerateObject())
        {
            if (member.Name.Length > MaxMatched) throw Invalid(path, "has a name that is too long");
            count++;
        }

        return count;
    }
}
