using System.Text.Json.Serialization;
using Podflare.Containers;

namespace Podflare.Templates;

/// <summary>The JSON representation of a template.</summary>
/// <param name="Default">Whether it is used when a request does not name one.</param>
/// <param name="MemoryMib">Memory of a sandbox that does not request any, in MiB.</param>
/// <param name="MaxMemoryMib">The most that <c>ram_mib</c> can request, in MiB.</param>
/// <param name="Preload">Python modules that are imported before the first run.</param>
internal sealed record TemplateJson(string Name, bool Default, int MemoryMib, int MaxMemoryMib, double Cpus, int Pids, IReadOnlyList<string> Preload)
{
    public static TemplateJson Of(string name, Template template, bool isDefault) => new(
        name, isDefault, template.MemoryMib, template.MemoryLimitMib, template.Cpus, template.Pids, template.Preload.Split(',', StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>All templates.</summary>
internal sealed record TemplateListJson(IReadOnlyList<TemplateJson> Templates);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TemplateListJson))]
internal sealed partial class TemplateJsonContext : JsonSerializerContext;
