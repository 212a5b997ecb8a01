using Microsoft.Net.Http.Headers;
using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>Refusals of a body for the way in which it is declared.</summary>
internal static class UnsupportedMediaType
{
    private const int MaxShown = 80;

    /// <summary>415 for a compressed body.</summary>
    public static ProblemException ContentEncoding(string encoding) =>
        new(new Problem(415, "unsupported_encoding", $"Content-Encoding '{Shorten(encoding)}' is not supported; send the body uncompressed") { AcceptEncoding = "identity" });

    /// <summary>415 for a body of another type.</summary>
    public static ProblemException ContentType(string text, string expected) =>
        new(new Problem(415, "unsupported_media_type", $"Content-Type '{Shorten(text)}' is not supported; it must be {expected}"));

    /// <summary>415 for a body that is not declared at all. Browsers send such a body to any server on behalf of any page, without asking the server first.</summary>
    public static ProblemException Undeclared() =>
        new(ExceptionMapper.ForStatus(StatusCodes.Status415UnsupportedMediaType) with { Detail = "send the header Content-Type: application/json" });

    /// <summary>Accepts a body that is declared as JSON in UTF-8. Whether there is a body shows when it is read.</summary>
    /// <exception cref="ProblemException">415 that names what was declared.</exception>
    public static void ThrowIfNotJson(HttpRequest request)
    {
        if (request.ContentType is not { Length: > 0 } text) return;
        if (!MediaTypeHeaderValue.TryParse(text, out var type) || !IsJson(type)) throw ContentType(text, "application/json");
        // By name: looking the encoding up fails for some names, and no other one is accepted anyway.
        var charset = HeaderUtilities.RemoveQuotes(type.Charset);
        if (charset.HasValue && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            throw new ProblemException(new Problem(415, "unsupported_media_type", $"charset '{Shorten(charset.ToString())}' is not supported; JSON must be UTF-8"));
    }

    private static bool IsJson(MediaTypeHeaderValue type) =>
        type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase);

    private static string Shorten(string text) => text.Length <= MaxShown ? text : $"{text[..MaxShown]}…";
}
