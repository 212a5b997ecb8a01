using System.Text.Json;
using Orleans.Storage;

namespace Podflare.Storage;

/// <summary>Records as plain JSON, so that an operator can read them. Orleans' own JSON cannot read immutable dictionaries back.</summary>
internal sealed class RecordSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => BinaryData.FromObjectAsJson(input);

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input.ToMemory().Span) ?? throw new JsonException("A record is null.");
}
