using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Podflare.Requests;

/// <summary>Reads lists and maps of texts. What is beyond a limit is an error and is not kept.</summary>
internal static class JsonCollections
{
    /// <summary>A list of texts; null when it is absent.</summary>
    /// <param name="check">Returns what is wrong with a text, given the UTF-8 bytes of all texts up to it; null when nothing is.</param>
    public static ImmutableArray<string>? Texts(this ref JsonFieldReader fields, int maxItems, Func<string, long, string?> check)
    {
        if (!fields.Enter(JsonTokenType.StartArray, "must be a list of strings")) return null;
        var texts = ImmutableArray.CreateBuilder<string>();
        var bytes = 0L;
        for (var index = 0; fields.Read() is var token && token != JsonTokenType.EndArray; index++)
        {
            var item = $"{fields.Field}[{index}]";
            if (token != JsonTokenType.String)
            {
                fields.Errors.Add(item, "must be a string");
                fields.Skip();
            }
            else if (fields.TryGetString(item, out var text))
            {
                bytes += Encoding.UTF8.GetByteCount(text);
                if (check(text, bytes) is { } wrong) fields.Errors.Add(item, wrong);
                else if (texts.Count < maxItems) texts.Add(text);
                else fields.Errors.Add(fields.Field, $"must have at most {maxItems} items");
            }
        }

        return texts.ToImmutable();
    }

    /// <summary>A map of strings.</summary>
    /// <param name="check">Returns what is wrong with a pair, given the bytes of all pairs up to it; null when nothing is.</param>
    public static ImmutableSortedDictionary<string, string> Map(this ref JsonFieldReader fields, int maxPairs, Func<string, string, long, string?> check)
    {
        var pairs = Empty<string>();
        if (!fields.Enter(JsonTokenType.StartObject, "must be an object of strings")) return pairs.ToImmutable();
        long bytes = 0;
        while (fields.Read() == JsonTokenType.PropertyName)
        {
            if (ReadPair(ref fields, allowNull: false) is not var (name, value)) continue;
            bytes += Bytes(name, value);
            Add(ref fields, pairs, maxPairs, name, value!, check(name, value!, bytes));
        }

        return pairs.ToImmutable();
    }

    /// <summary>A map of strings in which a null means that the key is to be removed.</summary>
    /// <param name="check">Returns what is wrong with a pair whose value is not null; null when nothing is.</param>
    public static ImmutableSortedDictionary<string, string?> Patch(this ref JsonFieldReader fields, int maxPairs, Func<string, string, string?> check)
    {
        var pairs = Empty<string?>();
        if (!fields.Enter(JsonTokenType.StartObject, "must be an object of strings")) return pairs.ToImmutable();
        while (fields.Read() == JsonTokenType.PropertyName)
        {
            if (ReadPair(ref fields, allowNull: true) is var (name, value)) Add(ref fields, pairs, maxPairs, name, value, value is null ? null : check(name, value));
        }

        return pairs.ToImmutable();
    }

    /// <summary>A map of strings that is written as a list of pairs, such as <c>[["A","1"]]</c>. The last pair with a name counts.</summary>
    /// <inheritdoc cref="Map"/>
    public static ImmutableSortedDictionary<string, string> Pairs(this ref JsonFieldReader fields, int maxPairs, Func<string, string, long, string?> check)
    {
        const string form = "must be a list of [name, value]";
        var pairs = Empty<string>();
        if (!fields.Enter(JsonTokenType.StartArray, form)) return pairs.ToImmutable();
        long bytes = 0;
        while (fields.Read() is var token && token != JsonTokenType.EndArray)
        {
            var texts = new List<string>();
            if (token != JsonTokenType.StartArray) fields.Errors.Add(fields.Field, form);
            for (var inner = token; token == JsonTokenType.StartArray && (inner = fields.Read()) != JsonTokenType.EndArray; fields.Skip())
            {
                if (inner == JsonTokenType.String && fields.TryGetString(fields.Field, out var text)) texts.Add(text);
                else fields.Errors.Add(fields.Field, form);
            }

            if (token != JsonTokenType.StartArray) fields.Skip();
            else if (texts is not [var name, var value]) fields.Errors.Add(fields.Field, form);
            else Add(ref fields, pairs, maxPairs, name, value, check(name, value, bytes += Bytes(name, value)));
        }

        return pairs.ToImmutable();
    }

    private static (string Name, string? Value)? ReadPair(ref JsonFieldReader fields, bool allowNull)
    {
        var isName = fields.TryGetString(fields.Field, out var name);
        var member = $"{fields.Field}.{name}";
        var token = fields.Read();
        if (token == JsonTokenType.Null && allowNull) return isName ? (name, null) : null;
        if (token == JsonTokenType.String) return isName & fields.TryGetString(member, out var value) ? (name, value) : null;
        fields.Errors.Add(member, "must be a string");
        fields.Skip();
        return null;
    }

    private static void Add<T>(ref JsonFieldReader fields, ImmutableSortedDictionary<string, T>.Builder pairs, int maxPairs, string name, T value, string? wrong)
    {
        if (wrong is not null) fields.Errors.Add($"{fields.Field}.{name}", wrong);
        else if (pairs.Count < maxPairs || pairs.ContainsKey(name)) pairs[name] = value;
        else fields.Errors.Add(fields.Field, $"must have at most {maxPairs} pairs");
    }

    private static ImmutableSortedDictionary<string, T>.Builder Empty<T>() => ImmutableSortedDictionary.CreateBuilder<string, T>(StringComparer.Ordinal);

    private static int Bytes(string name, string? value) => Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value ?? "");
}
