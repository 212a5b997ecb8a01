using System.Globalization;
using System.Text.Json;

namespace Podflare;

/// <summary>Looks for what is wrong with a value.</summary>
internal delegate ArgumentViolation? ArgumentCheck(JsonElement value, ArgumentPath? path, ArgumentPass pass);

/// <summary>
/// Validates the arguments of a tool call against the tool's JSON schema. <c>clients/vectors/tool_arguments.json</c> has the rules and examples, for all
/// clients. The schema becomes a tree of functions when its tool is defined.
/// </summary>
internal sealed class ArgumentSchema
{
    private readonly JsonElement _schema;
    private readonly Dictionary<string, ArgumentCheck> _references = new(StringComparer.Ordinal);
    private readonly ArgumentCheck _check;

    /// <exception cref="ArgumentException">It has a pattern or a reference that cannot be used.</exception>
    public ArgumentSchema(JsonElement schema)
    {
        _schema = schema;
        _check = Compile(schema);
    }

    /// <summary>What is wrong with the arguments, by name; null if nothing is.</summary>
    public string? FindError(JsonElement arguments)
    {
        try
        {
            return _check(arguments, null, new ArgumentPass())?.Message();
        }
        catch (InvalidArgumentsException e)
        {
            return e.Message;
        }
    }

    public ArgumentCheck Compile(JsonElement schema)
    {
        if (schema.ValueKind is JsonValueKind.False) return (_, path, _) => new ArgumentViolation(path, "is not allowed");
        if (schema.ValueKind is not JsonValueKind.Object) return (_, _, _) => null;
        ArgumentCheck[] checks = [.. schema.EnumerateObject().Select(member => ArgumentKeywords.Compile(this, member.Name, member.Value, schema)).OfType<ArgumentCheck>()];
        // Generators of schemas often write such a default beside a type without null.
        var mayBeNull = schema.TryGetProperty("default", out var other) && other.ValueKind is JsonValueKind.Null;
        return (value, path, pass) =>
        {
            if (mayBeNull && value.ValueKind is JsonValueKind.Null) return null;
            pass.Enter(value, path);
            ArgumentViolation? violation = null;
            foreach (var check in checks)
            {
                violation = check(value, path, pass);
                if (violation is not null) break;
            }

            pass.Leave();
            return violation;
        };
    }

    /// <summary>The schema that a reference names. It may be one that contains the reference, so it is looked up when it is used.</summary>
    public ArgumentCheck Refer(string reference)
    {
        if (_references.TryAdd(reference, (_, _, _) => null)) _references[reference] = Compile(Resolve(reference));
        return (value, path, pass) => _references[reference](value, path, pass);
    }

    private JsonElement Resolve(string reference)
    {
        var pointer = reference.StartsWith('#') ? Uri.UnescapeDataString(reference[1..]) : null;
        if (pointer is null or not ("" or ['/', ..])) throw Unresolved(reference);
        var target = _schema;
        foreach (var part in pointer.Split('/').Skip(1).Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            if (target.ValueKind is JsonValueKind.Object && target.TryGetProperty(part, out var member)) target = member;
            else if (target.ValueKind is JsonValueKind.Array && uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < target.GetArrayLength()) target = target[(int)index];
            else throw Unresolved(reference);
        }

        return target;
    }

    private static ArgumentException Unresolved(string reference) => new($"the reference {reference} cannot be resolved");
}
