using System.Text.Json;

namespace Podflare;

/// <summary>The keywords of JSON Schema. One whose value has the wrong form is ignored, as are those that are not here.</summary>
internal static class ArgumentKeywords
{
    private const int MaxDetail = 200;

    public static ArgumentCheck? Compile(ArgumentSchema root, string keyword, JsonElement argument, JsonElement schema) => keyword switch
    {
        "$ref" => argument.ValueKind is JsonValueKind.String ? root.Refer(argument.GetString()!) : null,
        "type" => Type(argument),
        "enum" => argument.ValueKind is JsonValueKind.Array ? OneOf(Items(argument), "must be one of " + string.Join(", ", Items(argument).Select(ArgumentValues.Show))) : null,
        "const" => OneOf([argument], "must be " + ArgumentValues.Show(argument)),
        "properties" => Properties(root, argument),
        "patternProperties" => PatternProperties(root, argument),
        "additionalProperties" => AdditionalProperties(root, argument, schema),
        "required" => Required(argument),
        "prefixItems" => PrefixItems(root, argument),
        "items" => ItemsAfter(root.Compile(argument), schema.TryGetProperty("prefixItems", out var first) ? Items(first).Length : 0),
        "uniqueItems" => argument.ValueKind is JsonValueKind.True ? UniqueItems : null,
        "pattern" => argument.ValueKind is JsonValueKind.String ? Pattern(argument.GetString()!) : null,
        "anyOf" => AnyOf(root, argument),
        "oneOf" => ExactlyOneOf(root, argument),
        "allOf" => AllOf(root, argument),
        "not" => Not(root.Compile(argument)),
        _ => ArgumentBounds.Compile(keyword, argument),
    };

    private static ArgumentCheck? Type(JsonElement argument)
    {
        string[] names = [.. (argument.ValueKind is JsonValueKind.Array ? Items(argument) : [argument])
            .Where(name => name.ValueKind is JsonValueKind.String && ArgumentValues.Nouns.ContainsKey(name.GetString()!)).Select(name => name.GetString()!)];
        if (names.Length == 0) return null;
        var expected = string.Join(" or ", names.Select(name => ArgumentValues.Nouns[name]));
        return (value, path, _) =>
        {
            var kind = ArgumentValues.KindOf(value);
            if (names.Contains(kind) || (kind == "number" && names.Contains("integer") && ArgumentValues.IsInteger(value.GetDouble()))) return null;
            return new ArgumentViolation(path, $"must be {expected}, not {ArgumentValues.Nouns[kind]}");
        };
    }

    private static ArgumentCheck OneOf(JsonElement[] values, string text)
    {
        var keys = values.Select(value => new ArgumentPass(long.MaxValue).Key(value, null)).ToHashSet(StringComparer.Ordinal);
        var violated = ArgumentValues.Cut(text, MaxDetail);
        return (value, path, pass) => keys.Contains(pass.Key(value, path)) ? null : new ArgumentViolation(path, violated);
    }

    private static ArgumentCheck Properties(ArgumentSchema root, JsonElement argument)
    {
        var checks = Checks(root, argument);
        return Members((name, value, path, pass) => checks.TryGetValue(name, out var check) ? check(value, path, pass) : null);
    }

    private static ArgumentCheck PatternProperties(ArgumentSchema root, JsonElement argument)
    {
        (ArgumentPattern Pattern, ArgumentCheck Check)[] checks = [.. Checks(root, argument).Select(one => (new ArgumentPattern(one.Key), one.Value))];
        return Members((name, value, path, pass) => checks.Where(one => one.Pattern.IsIn(name)).Select(one => one.Check(value, path, pass)).FirstOrDefault(found => found is not null));
    }

    private static ArgumentCheck AdditionalProperties(ArgumentSchema root, JsonElement argument, JsonElement schema)
    {
        var check = root.Compile(argument);
        var known = Names(schema, "properties").ToHashSet(StringComparer.Ordinal);
        ArgumentPattern[] patterns = [.. Names(schema, "patternProperties").Select(pattern => new ArgumentPattern(pattern))];
        return Members((name, value, path, pass) => known.Contains(name) || patterns.Any(pattern => pattern.IsIn(name)) ? null : check(value, path, pass));
    }

    private static ArgumentCheck Required(JsonElement argument)
    {
        string[] names = [.. Items(argument).Where(name => name.ValueKind is JsonValueKind.String).Select(name => name.GetString()!)];
        return (value, path, _) =>
        {
            if (value.ValueKind is not JsonValueKind.Object) return null;
            var given = value.EnumerateObject().Select(member => member.Name).ToHashSet(StringComparer.Ordinal);
            return names.FirstOrDefault(name => !given.Contains(name)) is { } missing ? new ArgumentViolation(new ArgumentPath(path, missing, 0), "is required") : null;
        };
    }

    private static ArgumentCheck PrefixItems(ArgumentSchema root, JsonElement argument)
    {
        ArgumentCheck[] checks = All(root, argument);
        return Elements((index, value, path, pass) => index < checks.Length ? checks[index](value, path, pass) : null);
    }

    private static ArgumentCheck ItemsAfter(ArgumentCheck check, int start) => Elements((index, value, path, pass) => index < start ? null : check(value, path, pass));

    private static ArgumentViolation? UniqueItems(JsonElement value, ArgumentPath? path, ArgumentPass pass)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Elements((_, item, at, _) => seen.Add(pass.Key(item, at)) ? null : new ArgumentViolation(at, "repeats an earlier item"))(value, path, pass);
    }

    private static ArgumentCheck Pattern(string argument)
    {
        var pattern = new ArgumentPattern(argument);
        var text = ArgumentValues.Cut($"must match the pattern {argument}", MaxDetail);
        return (value, path, _) =>
        {
            if (value.ValueKind is not JsonValueKind.String) return null;
            var given = value.GetString()!;
            if (ArgumentValues.Characters(given) > ArgumentPass.MaxMatched) return new ArgumentViolation(path, $"must have {ArgumentPass.MaxMatched} or fewer characters");
            return pattern.IsIn(given) ? null : new ArgumentViolation(path, text);
        };
    }

    private static ArgumentCheck? AnyOf(ArgumentSchema root, JsonElement argument)
    {
        var checks = All(root, argument);
        return checks.Length == 0 ? null : (value, path, pass) =>
        {
            var violations = new List<ArgumentViolation>();
            foreach (var check in checks)
            {
                if (check(value, path, pass) is not { } violation) return null;
                violations.Add(violation);
            }

            return new ArgumentViolation(path, "matches no alternative", violations);
        };
    }

    private static ArgumentCheck? ExactlyOneOf(ArgumentSchema root, JsonElement argument)
    {
        var checks = All(root, argument);
        return checks.Length == 0 ? null : (value, path, pass) =>
        {
            ArgumentViolation[] violations = [.. checks.Select(check => check(value, path, pass)).OfType<ArgumentViolation>()];
            if (violations.Length == checks.Length) return new ArgumentViolation(path, "matches no alternative", violations);
            return violations.Length < checks.Length - 1 ? new ArgumentViolation(path, "matches more than one alternative") : null;
        };
    }

    private static ArgumentCheck AllOf(ArgumentSchema root, JsonElement argument)
    {
        var checks = All(root, argument);
        return (value, path, pass) => checks.Select(check => check(value, path, pass)).FirstOrDefault(violation => violation is not null);
    }

    private static ArgumentCheck Not(ArgumentCheck check) => (value, path, pass) => check(value, path, pass) is null ? new ArgumentViolation(path, "matches what is excluded") : null;

    /// <summary>Checks each member, also one whose name is repeated.</summary>
    private static ArgumentCheck Members(Func<string, JsonElement, ArgumentPath, ArgumentPass, ArgumentViolation?> check) => (value, path, pass) =>
    {
        if (value.ValueKind is not JsonValueKind.Object) return null;
        foreach (var member in value.EnumerateObject())
        {
            if (check(member.Name, member.Value, new ArgumentPath(path, member.Name, 0), pass) is { } violation) return violation;
        }

        return null;
    };

    private static ArgumentCheck Elements(Func<int, JsonElement, ArgumentPath, ArgumentPass, ArgumentViolation?> check) => (value, path, pass) =>
    {
        if (value.ValueKind is not JsonValueKind.Array) return null;
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (check(index, item, new ArgumentPath(path, null, index), pass) is { } violation) return violation;
            index++;
        }

        return null;
    };

    private static ArgumentCheck[] All(ArgumentSchema root, JsonElement schemas) => [.. Items(schemas).Select(root.Compile)];

    private static Dictionary<string, ArgumentCheck> Checks(ArgumentSchema root, JsonElement schemas)
    {
        var checks = new Dictionary<string, ArgumentCheck>(StringComparer.Ordinal);
        if (schemas.ValueKind is not JsonValueKind.Object) return checks;
        foreach (var schema in schemas.EnumerateObject()) checks[schema.Name] = root.Compile(schema.Value);
        return checks;
    }

    private static IEnumerable<string> Names(JsonElement schema, string keyword) =>
        schema.TryGetProperty(keyword, out var members) && members.ValueKind is JsonValueKind.Object ? members.EnumerateObject().Select(member => member.Name) : [];

    private static JsonElement[] Items(JsonElement value) => value.ValueKind is JsonValueKind.Array ? [.. value.EnumerateArray()] : [];
}
