using System.Text.Json.Nodes;
using Podflare.Problems;

namespace Podflare.OpenApi;

/// <summary>The API description (OpenAPI 3.1): one manually written part per noun, and the errors as the server renders them.</summary>
internal static class ApiDocument
{
    // In the order in which readers see them.
    private static readonly string[] Parts = ["sandboxes", "templates", "runs", "contexts", "terminals", "files", "events", "webhooks", "telemetry", "keys", "tenants", "usage", "hosts", "health", "not-offered"];

    /// <exception cref="ArgumentException">Two parts have the same path or component.</exception>
    public static byte[] Render()
    {
        var document = Read("api");
        var components = document["components"]!.AsObject();
        Add(components, "responses", ErrorResponses.ToJson());
        components["schemas"]!["Problem"]!["properties"]!["code"]!["enum"] = new JsonArray([.. ErrorResponses.Codes.Select(code => (JsonNode?)code)]);
        foreach (var part in Parts.Select(Read))
        {
            Add(document, "paths", Take(part, "paths"));
            foreach (var (kind, members) in Take(part, "components")) Add(components, kind, Take(members!.AsObject()));
        }

        return System.Text.Encoding.UTF8.GetBytes(document.ToJsonString());
    }

    private static JsonObject Read(string part)
    {
        var name = $"Podflare.OpenApi.{part}.json";
        using var stream = typeof(ApiDocument).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The resource {name} is missing.");
        return JsonNode.Parse(stream)!.AsObject();
    }

    private static void Add(JsonObject parent, string kind, IEnumerable<KeyValuePair<string, JsonNode?>> members)
    {
        if (parent[kind] is null) parent[kind] = new JsonObject();
        foreach (var (name, member) in members) parent[kind]!.AsObject().Add(name, member);
    }

    private static List<KeyValuePair<string, JsonNode?>> Take(JsonObject part, string member) => part[member] is JsonObject members ? Take(members) : [];

    /// <summary>Removes the members from an object, so that they can be added to another one.</summary>
    private static List<KeyValuePair<string, JsonNode?>> Take(JsonObject members)
    {
        var taken = members.ToList();
        members.Clear();
        return taken;
    }
}
