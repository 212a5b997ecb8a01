using System.Globalization;
using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>Reads query parameters. One that is wrong or given twice is answered with 400, which names it.</summary>
internal static class QueryParameters
{
    public static string? Single(HttpRequest request, string name)
    {
        var values = request.Query[name];
        return values.Count <= 1 ? values.FirstOrDefault() : throw ProblemException.Invalid(name, "must not be given more than once");
    }

    /// <returns>Null when the parameter is absent.</returns>
    public static long? Number(HttpRequest request, string name, long minimum, long maximum)
    {
        if (Single(request, name) is not { } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum
            ? value
            : throw ProblemException.Invalid(name, $"must be a whole number from {minimum} to {maximum}");
    }

    /// <returns>Null when the parameter is absent.</returns>
    public static bool? Flag(HttpRequest request, string name) => Single(request, name) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        _ => throw ProblemException.Invalid(name, "must be true or false"),
    };
}
