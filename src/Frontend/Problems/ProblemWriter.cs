using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Podflare.Files;
using Podflare.OpenApi;
using Podflare.Telemetry;

namespace Podflare.Problems;

/// <summary>Writes problem documents (RFC 9457). They also have the member <c>error</c>, because published clients read it.</summary>
internal static class ProblemWriter
{
    public const string ContentType = "application/problem+json";

    // Of draft-ietf-httpapi-ratelimit-headers-11.
    private const string QuotaExceededType = "https://iana.org/assignments/http-problem-types#quota-exceeded";

    // People read these texts in terminals: "<key>" instead of "\u003Ckey\u003E". Nothing embeds them in HTML.
#pragma warning disable RS0030 // the ban is for event lines, which are ASCII
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
#pragma warning restore RS0030

    /// <summary>The trace id of the server span. The log line about the answer has the same id.</summary>
    public static string TraceId(HttpContext context) => RequestTrace.Of(context).Span.Substring(3, 32);

    public static async Task WriteAsync(HttpContext context, Problem problem, string traceId)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (problem.AcceptEncoding is { } encodings) response.Headers.AcceptEncoding = encodings;
        if (problem.FileSize is { } size) response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{size}");
        if (problem.Status == 401) response.Headers.WWWAuthenticate = context.GetEndpoint()?.Metadata.GetMetadata<BearerChallenge>()?.Value ?? "Bearer";
        var body = Render(problem, traceId);
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(body, context.RequestAborted);
    }

    internal static byte[] Render(Problem problem, string traceId)
    {
        using var buffer = new MemoryStream(512);
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteString("error"u8, problem.Error);
            json.WriteString("code"u8, problem.Code);
            // Relative, so that it leads to the page that this server serves, whatever its address.
            json.WriteString("type"u8, problem.ViolatedPolicies is null ? $"{ErrorPages.Prefix}/{problem.Code}" : QuotaExceededType);
            json.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(problem.Status));
            json.WriteNumber("status"u8, problem.Status);
            json.WriteString("detail"u8, problem.Detail ?? problem.Error);
            json.WriteString("trace_id"u8, traceId);
            if (problem.OldestSeq is { } seq) json.WriteNumber("oldest_seq"u8, seq);
            if (problem.Offset is { } offset) json.WriteNumber("offset"u8, offset);
            if (problem.Written is { } written) WriteSummary(json, written);
            if (problem.EndedReason is { } reason) json.WriteString("ended_reason"u8, reason);
            if (problem.RequiredScopes is { } scopes) WriteScopes(json, scopes);
            if (problem.ViolatedPolicies is { } policies) WritePolicies(json, policies);
            if (problem.Errors is { } errors) WriteErrors(json, errors);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteSummary(Utf8JsonWriter json, ArchiveSummary written)
    {
        json.WriteStartObject("written"u8);
        json.WriteNumber("files"u8, written.Files);
        json.WriteNumber("directories"u8, written.Directories);
        json.WriteNumber("bytes"u8, written.Bytes);
        json.WriteEndObject();
    }

    private static void WriteScopes(Utf8JsonWriter json, IReadOnlyList<string> scopes)
    {
        json.WriteStartArray("required_scopes"u8);
        foreach (var scope in scopes) json.WriteStringValue(scope);
        json.WriteEndArray();
    }

    private static void WritePolicies(Utf8JsonWriter json, IReadOnlyList<string> policies)
    {
        json.WriteStartArray("violated-policies"u8);
        foreach (var policy in policies) json.WriteStringValue(policy);
        json.WriteEndArray();
    }

    private static void WriteErrors(Utf8JsonWriter json, FieldErrors errors)
    {
        json.WriteStartObject("errors"u8);
        foreach (var (field, message) in errors.All)
        {
            json.WriteStartArray(field);
            json.WriteStringValue(message);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
