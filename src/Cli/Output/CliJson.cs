using System.Text.Json.Serialization;
using Podflare.Cli.Doctor;

namespace Podflare.Cli.Output;

/// <summary>A failure of the command as JSON shows it.</summary>
internal sealed record ErrorJson(string Error, string? Code, int? Status, string? TraceId, double? RetryAfterSeconds)
{
    public static ErrorJson Of(Exception e) => e is PodflareApiException x
        ? new ErrorJson(x.Problem.Error, x.Code, (int)x.Status, x.TraceId, x.RetryAfter?.TotalSeconds)
        : new ErrorJson(e.Message, e switch { PodflareConnectionException => "connection", StreamBrokenException => "stream_broken", PodflareProtocolException => "protocol", _ => "usage" }, null, null, null);
}

/// <summary>Sandboxes that were deleted.</summary>
internal sealed record DeletedJson(IReadOnlyList<string> Deleted);

/// <summary>A file that was copied.</summary>
internal sealed record CopiedJson(long Bytes);

/// <summary>A list of sandboxes.</summary>
internal sealed record SandboxesJson(IReadOnlyList<SandboxInfo> Sandboxes, IReadOnlyList<string> Warnings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorJson))]
[JsonSerializable(typeof(DeletedJson))]
[JsonSerializable(typeof(CopiedJson))]
[JsonSerializable(typeof(SandboxesJson))]
[JsonSerializable(typeof(SandboxInfo))]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class CliJson : JsonSerializerContext;
