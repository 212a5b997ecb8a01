using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Podflare.Extensions.AI;

/// <summary>Functions of the program as tools of the code in a sandbox.</summary>
internal static class BundledTools
{
    /// <summary>Whether a person has to approve what the code may do.</summary>
    public static bool NeedApproval(IEnumerable<AIFunction> functions) => functions.Any(function => function.GetService<ApprovalRequiredAIFunction>() is not null);

    /// <param name="services">The services of the call that executes the code, which its tools get, too.</param>
    public static SandboxTool Of(AIFunction function, IServiceProvider? services) => new(function.Name, async (call, cancellationToken) =>
    {
        var arguments = new AIFunctionArguments { Services = services };
        foreach (var argument in call.Arguments.EnumerateObject()) arguments[argument.Name] = argument.Value.Clone();
        var result = await function.InvokeAsync(arguments, cancellationToken).ConfigureAwait(false);
        return result as JsonElement? ?? JsonSerializer.SerializeToElement(result, function.JsonSerializerOptions.GetTypeInfo(typeof(object)));
    })
    {
        Description = function.Description,
        InputSchema = function.JsonSchema,
    };

    /// <summary>What the model reads about the functions, after the description of the function that executes code.</summary>
    public static string Describe(IReadOnlyList<AIFunction> functions)
    {
        if (functions.Count == 0) return "";
        var text = new StringBuilder("\n\nThe code can call these functions, with named arguments. They return JSON values, and raise ToolError if they fail. They cannot be called in any other way:");
        foreach (var function in functions)
        {
            text.Append("\n- ").Append(Name(function.Name)).Append('(').AppendJoin(", ", Parameters(function.JsonSchema)).Append(')');
            if (function.Description.Length > 0) text.Append(": ").Append(function.Description);
        }

        return text.ToString();
    }

    private static string Name(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0]) ? $"tools.{name}" : $"tools[\"{name}\"]";

    private static IEnumerable<string> Parameters(JsonElement schema)
    {
        if (!schema.TryGetProperty("properties", out var properties)) yield break;
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
        foreach (var property in properties.EnumerateObject())
        {
            var type = property.Value.ValueKind is JsonValueKind.Object && property.Value.TryGetProperty("type", out var word) && word.ValueKind is JsonValueKind.String ? $": {word.GetString()}" : "";
            yield return property.Name + type + (required.Contains(property.Name) ? "" : " = …");
        }
    }
}
