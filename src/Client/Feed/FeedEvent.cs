using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>Something that happened to a sandbox or one of its runs.</summary>
public sealed record FeedEvent
{
    /// <summary>The number of the event. A tenant's events are numbered without gaps.</summary>
    public required long Seq { get; init; }

    /// <summary>The event's ID, which webhooks send as <c>webhook-id</c>.</summary>
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>The type, such as <c>run.ended</c>; see <see cref="FeedEventTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>When it happened.</summary>
    [JsonIgnore]
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(Ts);

    /// <summary>When it happened, in milliseconds since 1970.</summary>
    public long Ts { get; init; }

    /// <summary>The ID of the sandbox.</summary>
    public string SandboxId { get; init => field = value ?? ""; } = "";

    /// <summary>The ID of the run; null for an event of the sandbox.</summary>
    public string? RunId { get; init; }

    /// <summary>More about it, such as <c>exit_code</c>. It never has code or output.</summary>
    public JsonElement Data { get; init; }
}

/// <summary>The types of events that this version knows.</summary>
public static class FeedEventTypes
{
    /// <summary>A sandbox was created.</summary>
    public const string SandboxCreated = "sandbox.created";

    /// <summary>A sandbox was deleted or has expired.</summary>
    public const string SandboxEnded = "sandbox.ended";

    /// <summary>A sandbox is lost.</summary>
    public const string SandboxLost = "sandbox.lost";

    /// <summary>A run began to execute.</summary>
    public const string RunStarted = "run.started";

    /// <summary>A run has its exit.</summary>
    public const string RunEnded = "run.ended";
}

/// <summary>A filter for the events of a tenant.</summary>
/// <example>
/// <code>
/// await foreach (var told in client.FollowEventsAsync(new FeedQuery { Types = ["run.ended"] })) Console.WriteLine($"{told.Seq} {told.RunId}");
/// </code>
/// </example>
public sealed record FeedQuery
{
    /// <summary>The <see cref="FeedEvent.Seq"/> after which to begin. Default: the oldest event that is kept.</summary>
    public long After { get; init; }

    /// <summary>Only these types; <c>run.*</c> stands for all types of runs. Default: all.</summary>
    public IReadOnlyList<string> Types { get; init => field = value ?? []; } = [];

    /// <summary>Only events of the sandbox with this ID.</summary>
    public string? SandboxId { get; init; }

    /// <summary>The number of events per page, 1 to 1,000. Server default: 100.</summary>
    public int? PageSize { get; init; }

    internal string ToPath(long after, int? waitSeconds) => QueryPath.Of(
        "v1/events", ("after", Text(after)), ("limit", PageSize is { } size ? Text(size) : null), ("types", Types.Count > 0 ? string.Join(',', Types) : null), ("sandbox", SandboxId),
        ("wait", waitSeconds is { } wait ? Text(wait) : null));

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

internal sealed record FeedPage
{
    public IReadOnlyList<FeedEvent> Events { get; init => field = value ?? []; } = [];

    public long NextAfter { get; init; }
}
