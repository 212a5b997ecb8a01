using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>The <c>Idempotency-Key</c> header.</summary>
internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    /// <summary>Response header: an earlier request with the same key did the work.</summary>
    public const string Replayed = "Idempotent-Replayed";

    private const int MaxLength = 255;

    /// <returns>The key; null when the header is absent.</returns>
    public static string? Read(HttpRequest request)
    {
        var values = request.Headers[Header];
        if (values.Count == 0) return null;
        return values is [{ Length: > 0 and <= MaxLength } key] && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw ProblemException.Invalid(Header, $"must be 1 to {MaxLength} visible ASCII characters, once");
    }
}
