using System.Text.Json;

namespace Podflare.OpenApi;

/// <summary>The API description as the server serves it.</summary>
internal sealed class Description(JsonElement root)
{
    public JsonElement Root => root;

    public static async Task<Description> ReadAsync(Cluster cluster)
    {
        // A stranger reads it: it needs no key.
        using var client = cluster.ClientOf(key: null);
        var response = await client.SendAsync("GET", "/openapi/v1.json");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        return new Description(await response.ReadJsonAsync());
    }

    /// <summary>Method, address on each of its servers, and the operation itself.</summary>
    public IEnumerable<(string Method, string Path, JsonElement Operation)> Operations() =>
        from path in root.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Name != "parameters"
        from server in (operation.Value.TryGetProperty("servers", out var own) ? own : root.GetProperty("servers")).EnumerateArray()
        select (operation.Name.ToUpperInvariant(), server.GetProperty("url").GetString()!.TrimEnd('/') + path.Name, operation.Value);

    /// <summary>What a reference stands for.</summary>
    public JsonElement Resolve(JsonElement node)
    {
        while (node.ValueKind == JsonValueKind.Object && node.TryGetProperty("$ref", out var reference))
        {
            var target = root;
            foreach (var part in reference.GetString()!.Split('/').Skip(1)) target = target.GetProperty(part);
            node = target;
        }

        return node;
    }

    /// <summary>Fails where a value is not as a schema says, or has a property that no schema names.</summary>
    public void AssertMatches(JsonElement value, string schema) =>
        Assert.True(Fits(value, root.GetProperty("components").GetProperty("schemas").GetProperty(schema), schema, out var fault), fault);

    private bool Fits(JsonElement value, JsonElement schema, string at, out string? fault)
    {
        schema = Resolve(schema);
        fault = null;
        foreach (var keyword in new[] { "anyOf", "oneOf" })
        {
            if (!schema.TryGetProperty(keyword, out var choices)) continue;
            string? last = null;
            if (!choices.EnumerateArray().Any(choice => Fits(value, choice, at, out last))) return Tell(last!, out fault);
        }

        if (schema.TryGetProperty("type", out var type) && !Types(type).Contains(TypeOf(value))
            && !(Types(type).Contains("number") && TypeOf(value) == "integer")) return Tell($"{at} is a {TypeOf(value)}, not {type}", out fault);
        if (schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value))) return Tell($"{at} is {value}, not one of {allowed}", out fault);
        if (schema.TryGetProperty("const", out var only) && !JsonElement.DeepEquals(only, value)) return Tell($"{at} is {value}, not {only}", out fault);
        if (schema.TryGetProperty("pattern", out var pattern)) Assert.Matches(pattern.GetString()!, value.GetString());
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var item in value.EnumerateArray())
            {
                if (!Fits(item, items, $"{at}[]", out fault)) return false;
            }
        }

        return value.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties) || ObjectFits(value, schema, properties, at, out fault);
    }

    private bool ObjectFits(JsonElement value, JsonElement schema, JsonElement properties, string at, out string? fault)
    {
        fault = null;
        foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray().ToArray() : [])
        {
            if (!value.TryGetProperty(required.GetString()!, out _)) return Tell($"{at} has no {required}", out fault);
        }

        foreach (var member in value.EnumerateObject())
        {
            if (!properties.TryGetProperty(member.Name, out var property)) return Tell($"{at} has {member.Name}, which nothing describes", out fault);
            if (!Fits(member.Value, property, $"{at}.{member.Name}", out fault)) return false;
        }

        return true;
    }

    private static bool Tell(string what, out string? fault)
    {
        fault = what;
        return false;
    }

    private static string[] Types(JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(one => one.GetString()!)] : [type.GetString()!];

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };
}
