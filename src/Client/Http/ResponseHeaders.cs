namespace Podflare;

/// <summary>The response headers of the API.</summary>
internal static class ResponseHeaders
{
    public static string? RunId(HttpResponseMessage response) => First(response, "Podflare-Run-Id");

    public static string? TraceId(HttpResponseMessage response) => First(response, "Podflare-Trace-Id");

    public static bool ReplRestarted(HttpResponseMessage response) => First(response, "Podflare-Repl-Restarted") == "1";

    public static bool WasReplayed(HttpResponseMessage response) => First(response, "Idempotent-Replayed") == "true";

    public static string[] Warnings(HttpResponseMessage response) => response.Headers.TryGetValues("Podflare-Warning", out var values) ? [.. values.SelectMany(value => value.Split("; "))] : [];

    private static string? First(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) && values.FirstOrDefault() is { Length: > 0 } value ? value : null;
}
