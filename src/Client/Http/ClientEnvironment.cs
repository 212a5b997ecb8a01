namespace Podflare;

/// <summary>The environment variables that provide the defaults of options.</summary>
internal static class ClientEnvironment
{
    public const string UrlVariable = "PODFLARE_HOSTD_URL";
    public const string ApiKeyVariable = "PODFLARE_API_KEY";
    public const string TraceParentVariable = "PODFLARE_TRACEPARENT";
    public const string DefaultUrl = "http://127.0.0.1:7070";

    public static Uri Url => Parse(Read(UrlVariable) ?? DefaultUrl);

    public static string? ApiKey => Read(ApiKeyVariable);

    public static string? TraceParent => Read(TraceParentVariable);

    /// <summary>Parses an address. Without a scheme, as in <c>127.0.0.1:7070</c>, http is assumed.</summary>
    private static Uri Parse(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var url)
            ? url
            : throw new ArgumentException($"{UrlVariable} is not a valid address: {text}");

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } text ? text : null;
}
