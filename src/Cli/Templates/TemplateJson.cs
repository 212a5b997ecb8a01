using System.Text.Json.Serialization;

namespace Podflare.Cli.Templates;

/// <summary>The result of a build.</summary>
/// <param name="Id">The ID of the image.</param>
/// <param name="Seconds">The duration of the build, the check included.</param>
/// <param name="Settings">The environment variables with which a server offers the template.</param>
internal sealed record BuiltTemplate(string Name, string Image, string Id, long SizeBytes, double Seconds, IReadOnlyDictionary<string, string> Settings);

/// <summary>The templates of a server.</summary>
internal sealed record TemplatesJson(IReadOnlyList<TemplateInfo> Templates);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BuiltTemplate))]
[JsonSerializable(typeof(TemplatesJson))]
internal sealed partial class TemplateJson : JsonSerializerContext;
