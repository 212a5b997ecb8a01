using System.Text.Json;
using System.Text.Json.Serialization;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>The fields of a run record that no script looks at, as Redis holds them. Fields are only added.</summary>
internal sealed record StoredRun(RunLanguage Language, TimeSpan Timeout, OnDisconnect OnDisconnect, DateTimeOffset CreatedAt, RunTrace? Trace = null)
{
    public static string Write(RunRecord record) => JsonSerializer.Serialize(
        new StoredRun(record.Language, record.Timeout, record.OnDisconnect, record.CreatedAt, record.Trace), RunJson.Default.StoredRun);

    public static string Write(RunEnding ending) => JsonSerializer.Serialize(ending, RunJson.Default.RunEnding);

    public static StoredRun ReadRun(string json) => JsonSerializer.Deserialize(json, RunJson.Default.StoredRun)!;

    public static RunEnding ReadEnding(string json) => JsonSerializer.Deserialize(json, RunJson.Default.RunEnding)!;
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.General, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredRun))]
[JsonSerializable(typeof(RunEnding))]
internal sealed partial class RunJson : JsonSerializerContext;
