using System.Text.Json.Serialization;

namespace Podflare.Contexts;

/// <summary>The JSON representation of a context.</summary>
internal sealed record ContextJson(string Id, string Language, string Cwd, string State, string? Run, int Queued, int ExecutionCount)
{
    public static ContextJson Of(ContextInfo context) => new(
        context.Id.Value,
        context.Language.ToString().ToLowerInvariant(),
        context.Cwd,
        context.State.ToString().ToLowerInvariant(),
        context.Run?.Value,
        context.Queued,
        context.ExecutionCount);
}

/// <summary>All contexts of a sandbox.</summary>
internal sealed record ContextListJson(IReadOnlyList<ContextJson> Contexts);

/// <summary>The runs that an interrupt has reached.</summary>
internal sealed record InterruptedJson(IReadOnlyList<string> Runs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ContextJson))]
[JsonSerializable(typeof(ContextListJson))]
[JsonSerializable(typeof(InterruptedJson))]
internal sealed partial class ContextJsonContext : JsonSerializerContext;
