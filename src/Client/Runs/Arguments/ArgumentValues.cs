using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podflare;

/// <summary>The values of a tool call's arguments, as their validation sees them: of which kind they are, when they are equal, and how errors show them.</summary>
internal static class ArgumentValues
{
    private const double LargestExactInteger = 9_007_199_254_740_992;

    /// <summary>The word of JSON Schema for the kind of a value, and how an error names it.</summary>
    public static readonly Dictionary<string, string> Nouns = new(StringComparer.Ordinal)
    {
        ["null"] = "null",
        ["boolean"] = "a boolean",
        ["integer"] = "an integer",
        ["number"] = "a number",
        ["string"] = "a string",
        ["array"] = "an array",
        ["object"] = "an object",
    };

    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => "null",
    };

    public static bool IsInteger(double value) => double.IsFinite(value) && Math.Truncate(value) == value;

    /// <summary>Characters are code points.</summary>
    public static int Characters(string text)
    {
        var count = text.Length;
        foreach (var unit in text)
        {
            if (char.IsLowSurrogate(unit)) count--;
        }

        return count;
    }

    /// <summary>A text that is the same for equal numbers only. Integers that a double cannot tell apart are compared as decimals.</summary>
    public static string NumberKey(JsonElement value)
    {
        var number = value.GetDouble();
        return Math.Abs(number) >= LargestExactInteger && value.TryGetDecimal(out var exact)
            ? decimal.Truncate(exact).ToString(CultureInfo.InvariantCulture)
            : (number + 0.0).ToString("R", CultureInfo.InvariantCulture);
    }

    public static int Compare(JsonElement value, double limit, decimal? exactLimit)
    {
        var order = value.GetDouble().CompareTo(limit);
        return order == 0 && exactLimit is { } other && value.TryGetDecimal(out var exact) ? exact.CompareTo(other) : order;
    }

    public static bool IsMultiple(JsonElement value, double divisor, decimal? exactDivisor)
    {
        var number = value.GetDouble();
        if (divisor <= 0) return true;
        if (IsInteger(number) && IsInteger(divisor) && exactDivisor is { } other and not 0 && value.TryGetDecimal(out var exact)) return exact % other == 0;
        if (number % divisor == 0) return true;
        // 4.35 is a multiple of 0.01, although neither is exactly what it says.
        return !IsInteger(divisor) && Math.Abs((Math.Floor((number / divisor) + 0.5) * divisor) - number) <= Math.Abs(number) * Math.Pow(2, -51);
    }

    /// <summary>A value as an error shows it: those that every client writes in the same way.</summary>
    public static string Show(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.String) return $"\"{value.GetString()}\"";
        if (value.ValueKind is not JsonValueKind.Number) return value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? "…" : value.GetRawText();
        var number = value.GetDouble();
        var size = Math.Abs(number);
        return IsInteger(number) ? size < LargestExactInteger ? ((long)number).ToString(CultureInfo.InvariantCulture) : "…"
            : size is >= 1e-4 and < 1e15 ? number.ToString("R", CultureInfo.InvariantCulture) : "…";
    }

    /// <summary>Cuts a text after so many characters.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length) return text;
        var start = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (length-- == 0) return start.Append('…').ToString();
            start.Append(rune.ToString());
        }

        return text;
    }
}
