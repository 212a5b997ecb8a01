using System.Buffers;
using System.Collections.Immutable;
using Podflare.Content;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Destinations;

/// <summary>Parses the body of a request that sets a destination.</summary>
internal static class DestinationRequest
{
    private const int MaxEndpoint = 1_000;
    private const int MaxHeaders = 16;
    private const int MaxHeaderBytes = 8 * 1024;
    private const int MaxPatterns = 32;
    private const int MaxPattern = 256;

    private static readonly string[] Signals = ["traces", "logs", "metrics"];
    private static readonly string[] SignalPaths = ["/v1/traces", "/v1/logs", "/v1/metrics"];
    private static readonly string[] OwnHeaders = ["connection", "content-encoding", "content-length", "content-type", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static DestinationSpec Parse(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, static (fields, errors) =>
    {
        string? endpoint = null;
        var headers = ImmutableSortedDictionary<string, string>.Empty;
        ImmutableArray<string>? signals = null, redact = null;
        bool? capture = null;
        while (fields.Next())
        {
            if (fields.Is("endpoint")) endpoint = Endpoint(ref fields);
            else if (fields.Is("headers")) headers = fields.Map(MaxHeaders, WrongHeader);
            else if (fields.Is("signals")) signals = ReadSignals(ref fields);
            else if (fields.Is("capture_content")) capture = fields.Flag();
            else if (fields.Is("redact")) redact = fields.Texts(MaxPatterns, WrongPattern);
            else fields.Skip();
        }

        if (endpoint is null) errors.Add("endpoint", "is required");
        errors.ThrowIfAny();
        return new DestinationSpec(endpoint!, headers, signals ?? [.. Signals]) { CaptureContent = capture == true, Redact = redact ?? [] };
    });

    // Backends' pages name the address of one signal as often as the one above it.
    private static string? Endpoint(ref JsonFieldReader fields)
    {
        if (fields.Text(MaxEndpoint)?.TrimEnd('/') is not { Length: > 0 } text) return null;
        foreach (var path in SignalPaths)
            if (text.EndsWith(path, StringComparison.Ordinal)) text = text[..^path.Length];
        if (text.AsSpan().ContainsAny('?', '#')) fields.Errors.Add("endpoint", "must not have a query or a fragment");
        return text;
    }

    private static ImmutableArray<string>? ReadSignals(ref JsonFieldReader fields)
    {
        var read = fields.Texts(Signals.Length, static (name, _) => Signals.Contains(name) ? null : $"must be one of {string.Join(", ", Signals)}");
        if (read is { IsEmpty: true }) fields.Errors.Add("signals", "must name at least one of traces, logs and metrics");
        return read is { } named ? [.. Signals.Where(name => named.Contains(name))] : null;
    }

    private static string? WrongPattern(string pattern, long bytes) =>
        pattern.Length is 0 or > MaxPattern ? $"must have 1 to {MaxPattern} characters"
        : ContentPattern.Parse(pattern) is null ? "must be a regular expression that needs no backtracking: without look-around, backreferences and atomic groups"
        : null;

    private static string? WrongHeader(string name, string value, long bytes) =>
        name.Length == 0 || name.AsSpan().ContainsAnyExcept(TokenCharacters) ? "must have the name of an HTTP header"
        : OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase) ? "is a header that requests have themselves"
        : value.Any(static character => character is < ' ' or > '~') ? "must have a value of printable ASCII characters"
        : bytes > MaxHeaderBytes ? $"exceeds the limit of {MaxHeaderBytes} bytes for all names and values"
        : null;
}
