using System.Globalization;

namespace Podflare.Runs;

/// <summary>The ids of the calls of tools within a run: <c>call_1</c>, <c>call_2</c> and so on.</summary>
public static class ToolCallId
{
    private const string Prefix = "call_";

    /// <summary>The id of the call with this number.</summary>
    public static string Of(uint number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}");

    /// <summary>The number in an id; null where it is no id of a call.</summary>
    public static uint? NumberOf(string? id) =>
        id is not null && id.StartsWith(Prefix, StringComparison.Ordinal) && uint.TryParse(id.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && id == Of(number)
            ? number
            : null;
}
