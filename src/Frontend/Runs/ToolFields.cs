using System.Collections.Immutable;
using System.Text.Json;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>Reads the tools that the code of a run may call.</summary>
internal static class ToolFields
{
    /// <summary>The list of tools; null when it is absent. What is wrong with it is an error.</summary>
    public static ImmutableArray<ToolDefinition>? Read(ref JsonFieldReader fields, ToolOptions limits)
    {
        if (!fields.Enter(JsonTokenType.StartArray, "must be a list of tools")) return null;
        var tools = ImmutableArray.CreateBuilder<ToolDefinition>();
        var start = fields.Position;
        var index = 0;
        for (; fields.Read() is var token && token != JsonTokenType.EndArray; index++)
        {
            var item = $"{fields.Field}[{index}]";
            if (token != JsonTokenType.StartObject)
            {
                fields.Errors.Add(item, "must be an object");
                fields.Skip();
            }
            else if (ReadTool(ref fields, item) is { } tool && tools.Count < limits.MaxTools)
            {
                if (tools.Any(other => other.Name == tool.Name)) fields.Errors.Add($"{item}.name", $"must be unique; {tool.Name} is repeated");
                else tools.Add(tool);
            }
        }

        if (index == 0 || index > limits.MaxTools) fields.Errors.Add(fields.Field, $"must have 1 to {limits.MaxTools} items");
        else if (fields.Position - start > limits.MaxDefinitionBytes) fields.Errors.Add(fields.Field, $"exceeds the limit of {limits.MaxDefinitionBytes} bytes");
        return tools.ToImmutable();
    }

    private static ToolDefinition? ReadTool(ref JsonFieldReader fields, string item)
    {
        string? name = null, description = null;
        byte[]? schema = null;
        var before = fields.Errors.All.Count;
        while (fields.Read() == JsonTokenType.PropertyName)
        {
            var field = fields.TryGetString(item, out var key) ? key : "";
            var token = fields.Read();
            if (field == "name") name = TextOf(ref fields, token, $"{item}.name");
            else if (field == "description") description = TextOf(ref fields, token, $"{item}.description");
            else if (field == "input_schema" && token == JsonTokenType.StartObject) schema = fields.Raw();
            else
            {
                if (field == "input_schema" && token != JsonTokenType.Null) fields.Errors.Add($"{item}.input_schema", "must be an object");
                fields.Skip();
            }
        }

        if (fields.Errors.All.Count > before) return null;
        if (ToolDefinition.IsName(name)) return new ToolDefinition(name!, description, schema);
        fields.Errors.Add($"{item}.name", $"must be 1 to {ToolDefinition.MaxName} letters, digits, _, - and .");
        return null;
    }

    /// <summary>The text of the current token; null for null.</summary>
    internal static string? TextOf(ref JsonFieldReader fields, JsonTokenType token, string name)
    {
        if (token == JsonTokenType.String) return fields.TryGetString(name, out var text) ? text : null;
        if (token != JsonTokenType.Null) fields.Errors.Add(name, "must be a string");
        fields.Skip();
        return null;
    }
}
