using System.Globalization;
using System.Text.Json;

namespace Podflare.Mcp;

/// <summary>The arguments of a call. Every refusal names the argument.</summary>
internal sealed class ToolArguments(IDictionary<string, JsonElement>? values, McpSettings settings)
{
    /// <summary>The sandbox that the call names, or the default one; empty for none.</summary>
    public string SandboxOrNone => Text(ToolSchema.SandboxId, "") is { Length: > 0 } id ? id : settings.DefaultSandbox ?? "";

    /// <exception cref="RefusedException">None is named, and there is no default.</exception>
    public string Sandbox => SandboxOrNone is { Length: > 0 } id ? id : throw Missing(ToolSchema.SandboxId);

    /// <exception cref="RefusedException">It is missing, empty, or not a text.</exception>
    public string Text(string name) => Text(name, "") is { Length: > 0 } text ? text : throw Missing(name);

    public string Text(string name, string standard) => Find(name) switch
    {
        null => standard,
        { ValueKind: JsonValueKind.String } value => Read(name, value),
        _ => throw RefusedException.Invalid(name, "must be a string"),
    };

    public double Number(string name, double standard, double least, double most) => NumberOrNone(name, least, most) ?? standard;

    public double? NumberOrNone(string name, double least, double most)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most
            ? number
            : throw RefusedException.Invalid(name, Range("a number", least, most));
    }

    public long Whole(string name, long standard, long least, long most)
    {
        if (Find(name) is not { } value) return standard;
        return value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var number) && Math.Floor(number) == number && number >= least && number <= most
            ? (long)number
            : throw RefusedException.Invalid(name, Range("a whole number", least, most));
    }

    public IReadOnlyDictionary<string, string> Map(string name)
    {
        if (Find(name) is not { } value) return new Dictionary<string, string>();
        if (value.ValueKind is not JsonValueKind.Object || value.EnumerateObject().Any(pair => pair.Value.ValueKind is not JsonValueKind.String))
            throw RefusedException.Invalid(name, "must be an object whose values are strings");
        var map = new Dictionary<string, string>();
        foreach (var pair in value.EnumerateObject()) map[pair.Name] = Read(name, pair.Value);
        return map;
    }

    public bool Has(string name) => Find(name) is not null;

    // Models write null for what they do not need.
    private JsonElement? Find(string name) => values is not null && values.TryGetValue(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;

    private static string Read(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escape sequence that is half of a character.
            throw RefusedException.Invalid(name, "must be valid Unicode");
        }
    }

    private static RefusedException Missing(string name) => new("invalid_request", $"argument '{name}' is required");

    private static string Range(string kind, double least, double most) => most is double.MaxValue or long.MaxValue
        ? string.Create(CultureInfo.InvariantCulture, $"must be {kind} of at least {least}")
        : string.Create(CultureInfo.InvariantCulture, $"must be {kind} from {least} to {most}");
}
