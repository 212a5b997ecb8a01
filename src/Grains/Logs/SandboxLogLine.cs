namespace Podflare.Logs;

/// <summary>A line of the service's log about one sandbox, as its tenant may read it.</summary>
/// <param name="Level"><c>info</c>, <c>warn</c>, <c>error</c> or <c>critical</c>.</param>
/// <param name="Source"><c>worker</c> or <c>frontend</c>.</param>
public sealed record SandboxLogLine(DateTimeOffset At, string Level, string Message, string Source, string? Run, string? TraceId);

/// <summary>A part of the log of a sandbox.</summary>
/// <param name="NextAfter">The number of the newest line that was looked at.</param>
/// <param name="Dropped">Lines between the number that was asked for and this one that the log no longer has, or never had.</param>
public sealed record SandboxLogPage(IReadOnlyList<SandboxLogLine> Lines, long NextAfter, long Dropped);
