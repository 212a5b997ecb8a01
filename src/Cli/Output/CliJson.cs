using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Podflare.Cli.Configuration;
using Podflare.Cli.Doctor;

namespace Podflare.Cli.Output;

/// <summary>An error of the command as JSON.</summary>
internal sealed record ErrorJson(string Error, string? Code, int? Status, string? TraceId, double? RetryAfterSeconds)
{
    public static ErrorJson Of(Exception e) => e is PodflareApiException x
        ? new ErrorJson(x.Problem.Error, x.Code, (int)x.Status, x.TraceId, x.RetryAfter?.TotalSeconds)
        : new ErrorJson(Texts.WithoutParameter(e), e switch { PodflareConnectionException => "connection", StreamBrokenException => "stream_broken", PodflareProtocolException => "protocol", _ => "usage" }, null, null, null);
}

/// <summary>The sandboxes that were deleted.</summary>
internal sealed record DeletedJson(IReadOnlyList<string> Deleted);

/// <summary>The runs of a sandbox.</summary>
internal sealed record RunsJson(IReadOnlyList<RunInfo> Runs);

/// <summary>A directory that was copied.</summary>
internal sealed record CopiedDirectoryJson(long Files, long Directories, long Bytes, IReadOnlyList<string> SkippedLinks);

/// <summary>A file that was copied.</summary>
internal sealed record CopiedJson(long Bytes);

/// <summary>A warning of the SDK as JSON.</summary>
internal sealed record WarningJson(string Warning);

/// <summary>A profile, without its key.</summary>
internal sealed record ProfileJson(string Name, string Url, bool HasKey, bool IsCurrent);

/// <summary>A list of sandboxes.</summary>
internal sealed record SandboxesJson(IReadOnlyList<SandboxInfo> Sandboxes, IReadOnlyList<string> Warnings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorJson))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(DeletedJson))]
[JsonSerializable(typeof(CopiedJson))]
[JsonSerializable(typeof(CopiedDirectoryJson))]
[JsonSerializable(typeof(RunsJson))]
[JsonSerializable(typeof(SandboxesJson))]
[JsonSerializable(typeof(SandboxInfo))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(WarningJson))]
[JsonSerializable(typeof(ProfilesFile))]
[JsonSerializable(typeof(ProfileJson[]))]
internal sealed partial class CliJson : JsonSerializerContext;
