using Podflare.EndToEnd.Api;

namespace Podflare.Faults.Chaos;

/// <summary>
/// What one reader has got of one run, over as many connections as it took. It is audited while it grows: contiguous <c>seq</c>, one
/// exit, last; what is sent twice is the same byte for byte.
/// </summary>
internal sealed class Transcript(Audit audit, string name, bool keeps = true)
{
    private readonly List<string> _lines = [];
    private readonly List<SandboxEvent> _events = [];

    public string Name => name;

    public string? Run { get; set; }

    public long LastSeq { get; private set; }

    /// <summary>When the sandbox saw the newest event.</summary>
    public DateTimeOffset LastTs { get; private set; }

    public SandboxEvent? Exit { get; private set; }

    public IReadOnlyList<string> Lines => _lines;

    public IReadOnlyList<SandboxEvent> Events => _events;

    /// <summary>The status with which the run was refused for good, if it was.</summary>
    public (int Status, string Code)? Refused { get; set; }

    /// <summary>Takes the next line.</summary>
    /// <param name="replays">The connection began with the first event: what is known already comes once more.</param>
    /// <returns>The event, if it is a new one.</returns>
    public SandboxEvent? Add(string line, bool replays)
    {
        SandboxEvent e;
        try
        {
            e = SandboxEvent.Parse(line);
        }
        catch (Exception bad) when (bad is System.Text.Json.JsonException or InvalidOperationException or KeyNotFoundException)
        {
            audit.Fail($"{name}: not an event: {line[..Math.Min(line.Length, 120)]}");
            return null;
        }

        if (e.Seq <= LastSeq)
        {
            if (!replays) audit.Fail($"{name}: event {e.Seq} again after {LastSeq}");
            else if (keeps && _lines[(int)e.Seq - 1] != line) audit.Fail($"{name}: event {e.Seq} differs when it is sent again");
            return null;
        }

        if (e.Seq != LastSeq + 1) audit.Fail($"{name}: event {e.Seq} after {LastSeq}");
        if (Exit is not null) audit.Fail($"{name}: event {e.Seq} behind the exit");
        LastSeq = e.Seq;
        LastTs = DateTimeOffset.FromUnixTimeMilliseconds(e.Ts);
        if (e.Type == "exit") Exit = e;
        audit.OnEvent(line.Length + 1);
        if (!keeps) return e;
        _lines.Add(line);
        _events.Add(e);
        return e;
    }
}
