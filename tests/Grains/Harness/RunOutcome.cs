using System.Text.Json;

namespace Podflare.Harness;

/// <summary>One event of a run, as it is on the wire.</summary>
public sealed record RunLine(string Type, string Data, long Seq, long Time, string? Reason, string Json)
{
    public static RunLine Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new RunLine(
            root.GetProperty("type").GetString()!, root.GetProperty("data").ToString(), root.GetProperty("seq").GetInt64(), root.GetProperty("ts").GetInt64(),
            root.TryGetProperty("reason", out var reason) ? reason.GetString() : null, json);
    }
}

/// <summary>All events of a run, or those after the one that the reader named.</summary>
public sealed record RunOutcome(IReadOnlyList<RunLine> Lines)
{
    public string Output => string.Concat(Lines.Where(line => line.Type == "stdout").Select(line => line.Data));

    public string Errors => string.Concat(Lines.Where(line => line.Type == "stderr").Select(line => line.Data));

    public int ExitCode => int.Parse(Exit.Data, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Null where the exit code says all.</summary>
    public string? Reason => Exit.Reason;

    /// <summary>Whether each event has the number after the one before.</summary>
    public bool IsGapless => Lines.Zip(Lines.Skip(1)).All(pair => pair.Second.Seq == pair.First.Seq + 1);

    private RunLine Exit => Lines is [.., { Type: "exit" } exit] ? exit : throw new InvalidOperationException("The run has no exit.");
}
