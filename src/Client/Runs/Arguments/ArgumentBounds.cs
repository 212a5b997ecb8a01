using System.Text.Json;

namespace Podflare;

/// <summary>The keywords that limit numbers, and the sizes of texts, arrays and objects.</summary>
internal static class ArgumentBounds
{
    public static ArgumentCheck? Compile(string keyword, JsonElement argument)
    {
        if (argument.ValueKind is not JsonValueKind.Number || argument.GetDouble() is var limit && !double.IsFinite(limit)) return null;
        decimal? exact = argument.TryGetDecimal(out var number) ? number : null;
        var shown = ArgumentValues.Show(argument);
        return keyword switch
        {
            "minimum" => Number(value => ArgumentValues.Compare(value, limit, exact) >= 0, $"must be {shown} or more"),
            "maximum" => Number(value => ArgumentValues.Compare(value, limit, exact) <= 0, $"must be {shown} or less"),
            "exclusiveMinimum" => Number(value => ArgumentValues.Compare(value, limit, exact) > 0, $"must be more than {shown}"),
            "exclusiveMaximum" => Number(value => ArgumentValues.Compare(value, limit, exact) < 0, $"must be less than {shown}"),
            "multipleOf" => Number(value => ArgumentValues.IsMultiple(value, limit, exact), $"must be a multiple of {shown}"),
            "minLength" or "minItems" or "minProperties" => Size(keyword[3..], size => size >= limit, $"must have {shown} or more "),
            "maxLength" or "maxItems" or "maxProperties" => Size(keyword[3..], size => size <= limit, $"must have {shown} or fewer "),
            _ => null,
        };
    }

    private static ArgumentCheck Number(Func<JsonElement, bool> holds, string text) =>
        (value, path, _) => value.ValueKind is not JsonValueKind.Number || holds(value) ? null : new ArgumentViolation(path, text);

    private static ArgumentCheck Size(string of, Func<int, bool> holds, string text)
    {
        var (kind, measure, noun) = of switch
        {
            "Length" => (JsonValueKind.String, (Func<JsonElement, int>)(value => ArgumentValues.Characters(value.GetString()!)), "characters"),
            "Items" => (JsonValueKind.Array, value => value.GetArrayLength(), "items"),
            _ => (JsonValueKind.Object, value => value.EnumerateObject().Select(member => member.Name).Distinct(StringComparer.Ordinal).Count(), "properties"),
        };
        return (value, path, _) => value.ValueKind != kind || holds(measure(value)) ? null : new ArgumentViolation(path, text + noun);
    }
}
