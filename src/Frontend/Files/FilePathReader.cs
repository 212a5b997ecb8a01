using Microsoft.AspNetCore.Http.Features;
using Podflare.Problems;

namespace Podflare.Files;

/// <summary>
/// Reads file paths from a request as the client wrote them. ASP.NET Core resolves <c>..</c>, does not decode <c>%2F</c>, and cannot
/// represent a name that is not UTF-8.
/// </summary>
internal static class FilePathReader
{
    private const string Field = "path";
    private const string Marker = "/files/";
    private const int MaxShown = 200;

    /// <summary>The path after <c>/files/</c>, which starts at the root of the sandbox.</summary>
    public static FilePath OfRoute(HttpContext context)
    {
        var target = Target(context).Split('?', 2)[0];
        var at = target.IndexOf(Marker, StringComparison.Ordinal);
        // Without the marker the route itself was percent-encoded; then the value that the routing decoded is the best there is.
        return Parse(PercentEncoding.Decode(at >= 0 ? target[(at + Marker.Length)..] : context.Request.RouteValues[Field] as string ?? "", plusIsSpace: false));
    }

    /// <summary>The query parameter <c>path</c>, which must be absolute; the home folder if it is absent.</summary>
    public static FilePath OfQuery(HttpContext context)
    {
        var target = Target(context).Split('?', 2);
        var values = target.Length < 2 ? [] : target[1].Split('&').Select(pair => pair.Split('=', 2)).Where(pair => pair[0] == Field).ToArray();
        if (values.Length == 0) return FilePath.Home;
        if (values.Length > 1) throw ProblemException.Invalid(Field, "must not be given more than once");
        var path = PercentEncoding.Decode(values[0].ElementAtOrDefault(1) ?? "", plusIsSpace: true);
        return path.AsSpan().StartsWith("/"u8) ? Parse(path) : throw ProblemException.Invalid(Field, "must be an absolute path, such as /root");
    }

    /// <summary>The path of a request as text for people: invalid UTF-8 as U+FFFD, and not longer than a line.</summary>
    public static string Show(HttpContext context) => Show(context.Request.RouteValues.ContainsKey(Field) ? OfRoute(context) : OfQuery(context));

    /// <inheritdoc cref="Show(HttpContext)"/>
    public static string Show(FilePath file)
    {
        var path = file.ToString();
        if (path.Length <= MaxShown) return path;
        // Cutting a surrogate pair in half would leave text that JSON cannot represent.
        return $"{path[..(char.IsHighSurrogate(path[MaxShown - 1]) ? MaxShown - 1 : MaxShown)]}…";
    }

    private static FilePath Parse(byte[] path) => FilePath.Parse(path, out var wrong) ?? throw ProblemException.Invalid(Field, wrong!);

    private static string Target(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
}
