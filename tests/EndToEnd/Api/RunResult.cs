using System.Text.Json;

namespace Podflare.EndToEnd.Api;

/// <summary>One event as it came.</summary>
public sealed record SandboxEvent(string Type, string? Text, int? Code, long Seq, long Ts, string? Reason, JsonElement Json)
{
    public static SandboxEvent Parse(string line)
    {
        var json = JsonDocument.Parse(line).RootElement;
        var data = json.GetProperty("data");
        return new SandboxEvent(
            json.GetProperty("type").GetString()!,
            data.ValueKind is JsonValueKind.String ? data.GetString() : null,
            data.ValueKind is JsonValueKind.Number ? data.GetInt32() : null,
            json.GetProperty("seq").GetInt64(),
            json.GetProperty("ts").GetInt64(),
            json.TryGetProperty("reason", out var reason) ? reason.GetString() : null,
            json);
    }
}

/// <summary>A run whose stream has ended by itself. Every one is audited: contiguous seq from 1, one exit, last.</summary>
public sealed class RunResult
{
    public RunResult(string run, IReadOnlyList<SandboxEvent> events, IReadOnlyList<string> lines)
    {
        (Run, Events, Lines) = (run, events, lines);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Seq));
        Assert.Single(events, e => e.Type == "exit");
        Assert.Equal("exit", events[^1].Type);
    }

    public string Run { get; }

    public IReadOnlyList<SandboxEvent> Events { get; }

    public IReadOnlyList<string> Lines { get; }

    public SandboxEvent Exit => Events[^1];

    public string Stdout => string.Concat(Events.Where(e => e.Type == "stdout").Select(e => e.Text));

    public string Stderr => string.Concat(Events.Where(e => e.Type == "stderr").Select(e => e.Text));
}
