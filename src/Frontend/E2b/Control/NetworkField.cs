using System.Text.Json;
using Podflare.Requests;

namespace Podflare.E2b.Control;

/// <summary>Members of a create that are refused unless they are empty.</summary>
internal static class NetworkField
{
    /// <summary>Whether the field is a list with an item.</summary>
    public static bool HasItems(this ref JsonFieldReader fields)
    {
        if (!fields.Enter(JsonTokenType.StartArray, "must be a list")) return false;
        var has = false;
        for (var depth = 0; fields.Read() is var token && (token != JsonTokenType.EndArray || depth > 0);)
        {
            has = true;
            if (token is JsonTokenType.StartArray or JsonTokenType.StartObject) depth++;
            else if (token is JsonTokenType.EndArray or JsonTokenType.EndObject) depth--;
        }

        return has;
    }

    /// <summary>Whether the object has rules for what the sandbox may reach.</summary>
    public static bool HasRules(ref JsonFieldReader fields)
    {
        if (!fields.EnterObject()) return false;
        var has = false;
        while (fields.Next())
        {
            has |= fields.Is("allowOut") || fields.Is("denyOut") || fields.Is("rules") || fields.Is("egressProxy");
            fields.Skip();
        }

        return has;
    }
}
