using System.Text.Json.Serialization;
using Podflare.Http;

namespace Podflare.Logs;

/// <summary>The JSON representation of a part of a sandbox's log.</summary>
internal sealed record LogPageJson(IReadOnlyList<LogLineJson> Logs, long NextAfter, long Dropped)
{
    public static LogPageJson Of(SandboxLogPage page) => new([.. page.Lines.Select(LogLineJson.Of)], page.NextAfter, page.Dropped);
}

internal sealed record LogLineJson(string Ts, string Level, string Message, string Source, string? RunId, string? TraceId)
{
    public static LogLineJson Of(SandboxLogLine line) => new(Timestamps.ToRfc3339(line.At), line.Level, line.Message, line.Source, line.Run, line.TraceId);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LogPageJson))]
internal sealed partial class LogJsonContext : JsonSerializerContext;
