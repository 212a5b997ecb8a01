using System.Security.Cryptography;
using System.Text;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Feed;

/// <summary>What happened to a sandbox or one of its runs. It never holds code, output, environment variables or file names.</summary>
/// <param name="Id">Names the fact: telling it again adds no second event.</param>
/// <param name="Type">One of <see cref="FeedEventType"/>.</param>
/// <param name="Data">More about it, as a JSON object.</param>
[GenerateSerializer, Immutable, Alias("podflare.FeedEvent")]
public sealed record FeedEvent(
    [property: Id(0)] string Id,
    [property: Id(1)] string Type,
    [property: Id(2)] DateTimeOffset At,
    [property: Id(3)] SandboxId Sandbox,
    [property: Id(4)] RunId? Run,
    [property: Id(5)] string Data)
{
    private const string Prefix = "evt_";
    private const int Digits = 24;

    /// <summary>The id of another event, in whose presence this one comes too late and is dropped; null for none.</summary>
    [Id(6)]
    public string? ObsoleteAfter { get; init; }

    public static FeedEvent Of(string type, DateTimeOffset at, SandboxId sandbox, RunId? run, string data) => new(IdOf(type, sandbox, run), type, at, sandbox, run, data);

    /// <summary>The id of a fact, the same whoever tells it.</summary>
    public static string IdOf(string type, SandboxId sandbox, RunId? run) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{type}\0{sandbox.Value}\0{run?.Value}")))[..Digits];

    /// <summary>Draws the id of an event that is no fact of a sandbox.</summary>
    public static string NewId() => Prefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true);
}

/// <summary>The types of events.</summary>
public static class FeedEventType
{
    public const string SandboxCreated = "sandbox.created";
    public const string SandboxEnded = "sandbox.ended";

    /// <summary>The sandbox ended because its host or container is gone, or because it did not obey.</summary>
    public const string SandboxLost = "sandbox.lost";

    public const string RunStarted = "run.started";
    public const string RunEnded = "run.ended";

    public static IReadOnlyList<string> All { get; } = [SandboxCreated, SandboxEnded, SandboxLost, RunStarted, RunEnded];

    /// <summary>Whether a pattern, which is a type or a group such as <c>run.*</c>, means at least one type.</summary>
    public static bool IsPattern(string pattern) => All.Any(type => Matches(pattern, type));

    /// <summary>Whether a pattern means a type.</summary>
    public static bool Matches(string pattern, string type) =>
        pattern == "*" || pattern == type || (pattern.EndsWith(".*", StringComparison.Ordinal) && type.StartsWith(pattern[..^1], StringComparison.Ordinal));
}
