using System.Collections.Immutable;
using Microsoft.Net.Http.Headers;
using Podflare.Problems;

namespace Podflare.Files;

/// <summary>Entity tags in headers.</summary>
internal static class EntityTags
{
    /// <summary>A tag as a header has it.</summary>
    public static string Quote(string tag) => $"\"{tag}\"";

    /// <returns>Null when the header is absent.</returns>
    /// <exception cref="ProblemException">400: it is not valid.</exception>
    public static IList<EntityTagHeaderValue>? Parse(HttpRequest request, string header)
    {
        var values = request.Headers[header];
        if (values.Count == 0) return null;
        return EntityTagHeaderValue.TryParseStrictList(values.ToArray()!, out var tags) && tags.Count is > 0 and <= FileConditions.MaxTags
            ? tags
            : throw ProblemException.Invalid(header, $"must be * or at most {FileConditions.MaxTags} entity tags in quotes");
    }

    /// <param name="tag">Of the file, without quotes; null when it does not exist.</param>
    /// <param name="strong">Whether tags that are marked as weak never match.</param>
    public static bool AnyMatches(IEnumerable<EntityTagHeaderValue> tags, string? tag, bool strong) =>
        tag is not null && tags.Any(one => one.Equals(EntityTagHeaderValue.Any) || (one.Tag.Equals(Quote(tag), StringComparison.Ordinal) && !(strong && one.IsWeak)));

    /// <summary>The conditions of a request that changes a file.</summary>
    /// <exception cref="ProblemException">400: a condition is not valid or not supported.</exception>
    public static FileConditions OfChange(HttpRequest request)
    {
        foreach (var header in new[] { HeaderNames.IfUnmodifiedSince, HeaderNames.IfModifiedSince })
        {
            // To ignore it would change a file that the client wants to keep.
            if (request.Headers[header].Count > 0) throw ProblemException.Invalid(header, "is not supported here; use If-Match");
        }

        var (match, noneMatch) = (Parse(request, HeaderNames.IfMatch), Parse(request, HeaderNames.IfNoneMatch));
        if (noneMatch is not null && !noneMatch.Contains(EntityTagHeaderValue.Any)) throw ProblemException.Invalid(HeaderNames.IfNoneMatch, "must be * here");
        // A weak tag never matches, but an empty list would mean that there is no condition.
        return new FileConditions(match is null ? [] : [.. match.Select(tag => tag.IsWeak ? "" : tag.Tag.Value!.Trim('"'))], noneMatch is not null);
    }
}
