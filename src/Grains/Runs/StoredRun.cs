using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare.Runs;

/// <summary>
/// The fields of a run record that no script reads, as Redis holds them. Fields are only added. Enums are text; a value that a newer
/// version wrote is read as <c>Unknown</c>.
/// </summary>
internal sealed record StoredRun(
    RunLanguage Language, TimeSpan Timeout, OnDisconnect OnDisconnect, DateTimeOffset CreatedAt, RunTrace? Trace = null, bool? Keyless = null,
    RunDetails? Details = null, string? Key = null)
{
    // A version that knows no runs without a timeout never ends one with this.
    private static readonly TimeSpan NoTimeout = TimeSpan.FromDays(36_500);

    public static string Write(RunRecord record) => JsonSerializer.Serialize(
        new StoredRun(record.Language, record.HasTimeout ? record.Timeout : NoTimeout, record.OnDisconnect, record.CreatedAt, record.Trace, record.Keyless ? true : null, record.Details, record.Key),
        RunJson.Default.StoredRun);

    public static string Write(RunEnding ending) => JsonSerializer.Serialize(ending, RunJson.Default.RunEnding);

    /// <exception cref="JsonException">The text is not a run record.</exception>
    public static StoredRun ReadRun(string json) => JsonSerializer.Deserialize(json, RunJson.Default.StoredRun) ?? throw new JsonException("A run record is null.");

    /// <exception cref="JsonException">The text is not an ending.</exception>
    public static RunEnding ReadEnding(string json) => JsonSerializer.Deserialize(json, RunJson.Default.RunEnding) ?? throw new JsonException("An ending is null.");

    public RunRecord ToRecord(RunId run, string hash) => new(run, hash, Language, Timeout >= NoTimeout ? RunRequest.NoTimeout : Timeout, OnDisconnect, CreatedAt, Trace: Trace, Keyless: Keyless is true, Details: Details, Key: Key);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.General,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(RunLanguageConverter), typeof(OnDisconnectConverter), typeof(ExitReasonConverter), typeof(RunKindConverter)])]
[JsonSerializable(typeof(StoredRun))]
[JsonSerializable(typeof(RunEnding))]
[JsonSerializable(typeof(RunTrace))]
internal sealed partial class RunJson : JsonSerializerContext;

/// <summary>Reads and writes an enum as text. A name that this version does not know is read as <paramref name="unknown"/>.</summary>
internal abstract class LenientEnumConverter<T>(T unknown) : JsonConverter<T>
    where T : struct, Enum
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? EnumText.Read(reader.GetString(), unknown) : throw new JsonException($"{typeof(T).Name} must be text.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class RunLanguageConverter() : LenientEnumConverter<RunLanguage>(RunLanguage.Unknown);

internal sealed class OnDisconnectConverter() : LenientEnumConverter<OnDisconnect>(OnDisconnect.Unknown);

internal sealed class ExitReasonConverter() : LenientEnumConverter<ExitReason>(ExitReason.Unknown);

internal sealed class RunKindConverter() : LenientEnumConverter<RunKind>(RunKind.Unknown);

/// <summary>Enums as text in records.</summary>
internal static class EnumText
{
    public static T Read<T>(string? text, T unknown)
        where T : struct, Enum =>
        Enum.TryParse<T>(text, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text![0]) ? value : unknown;
}
