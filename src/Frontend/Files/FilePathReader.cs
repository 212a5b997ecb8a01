using Microsoft.AspNetCore.Http.Features;
using Podflare.Problems;

namespace Podflare.Files;

/// <summary>
/// Reads paths in a sandbox out of a request as the client wrote them. The server's own reading takes <c>..</c> for a step up in its routes,
/// leaves <c>%2F</c> alone, and cannot hold a name that is not UTF-8.
/// </summary>
internal static class FilePathReader
{
    private const string Field = "path";
    private const string Marker = "/files/";

    /// <summary>The path behind <c>/files/</c>, which begins at the root of the sandbox.</summary>
    public static FilePath OfRoute(HttpContext context)
    {
        var target = Target(context).Split('?', 2)[0];
        var at = target.IndexOf(Marker, StringComparison.Ordinal);
        // Without the marker the route itself was written with escapes; then what the server made of it has to do.
        return Parse(PercentEncoding.Decode(at >= 0 ? target[(at + Marker.Length)..] : context.Request.RouteValues[Field] as string ?? "", plusIsSpace: false));
    }

    /// <summary>The query parameter <c>path</c>, which must be absolute; the home folder without it.</summary>
    public static FilePath OfQuery(HttpContext context)
    {
        var target = Target(context).Split('?', 2);
        var values = target.Length < 2 ? [] : target[1].Split('&').Select(pair => pair.Split('=', 2)).Where(pair => pair[0] == Field).ToArray();
        if (values.Length == 0) return FilePath.Home;
        if (values.Length > 1) throw ProblemException.Invalid(Field, "must be given once");
        var path = PercentEncoding.Decode(values[0].ElementAtOrDefault(1) ?? "", plusIsSpace: true);
        return path.AsSpan().StartsWith("/"u8) ? Parse(path) : throw ProblemException.Invalid(Field, "must be absolute, as in /root");
    }

    private static FilePath Parse(byte[] path) => FilePath.Parse(path, out var wrong) ?? throw ProblemException.Invalid(Field, wrong!);

    private static string Target(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
}
