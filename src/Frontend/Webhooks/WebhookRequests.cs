using System.Collections.Immutable;
using Podflare.Feed;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Webhooks;

/// <summary>Parses the bodies of requests about webhooks.</summary>
internal static class WebhookRequests
{
    private const int MaxUrl = 1_000;
    private const int MaxDescription = 256;
    private const int MaxEvents = 16;

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static WebhookSpec ParseCreate(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        var update = ReadAll(ref fields);
        if (update.Url is null) errors.Add("url", "is required");
        if (update.Events.IsDefault) errors.Add("events", "is required");
        errors.ThrowIfAny();
        return new WebhookSpec(update.Url!, update.Events, update.Description ?? "");
    });

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static WebhookUpdate ParseUpdate(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        var update = ReadAll(ref fields);
        errors.ThrowIfAny();
        return update;
    });

    private static WebhookUpdate ReadAll(ref JsonFieldReader fields)
    {
        var update = new WebhookUpdate();
        while (fields.Next())
        {
            if (fields.Is("url")) update = update with { Url = fields.Text(MaxUrl) };
            else if (fields.Is("events")) update = update with { Events = Events(ref fields) };
            else if (fields.Is("description")) update = update with { Description = Description(ref fields) };
            else if (fields.Is("state")) update = update with { State = State(ref fields) };
            else fields.Skip();
        }

        return update;
    }

    private static ImmutableArray<string> Events(ref JsonFieldReader fields)
    {
        var events = ImmutableArray.CreateBuilder<string>();
        var known = $"must be one of {string.Join(", ", FeedEventType.All)}, or a group such as run.*";
        var read = fields.Texts(MaxEvents, (name, _) =>
        {
            if (!FeedEventType.IsPattern(name)) return known;
            if (!events.Contains(name)) events.Add(name);
            return null;
        });
        if (read is null) return default;
        if (events.Count == 0) fields.Errors.Add("events", "must have at least one type of event");
        return events.ToImmutable();
    }

    private static string? Description(ref JsonFieldReader fields)
    {
        if (fields.Text(MaxDescription) is not { } text) return null;
        if (!text.Any(char.IsControl)) return text;
        fields.Errors.Add("description", "must not have control characters");
        return null;
    }

    private static WebhookState? State(ref JsonFieldReader fields) => fields.Word("active", "disabled") switch
    {
        "active" => WebhookState.Active,
        "disabled" => WebhookState.Disabled,
        _ => null,
    };
}
