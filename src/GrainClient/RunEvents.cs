using System.Collections.Immutable;
using System.Text.Json;

namespace Podflare.GrainClient;

/// <summary>The start of a process: its first event. Code has none.</summary>
/// <param name="ProcessId">In the sandbox; 0 for a watch.</param>
public sealed record StartEvent(long Seq, DateTimeOffset At, int ProcessId) : RunEvent(Seq, At);

/// <summary>Bytes that a program wrote to its terminal, at most 64 KiB. A character may be split between two events.</summary>
public sealed record TerminalEvent(long Seq, DateTimeOffset At, ReadOnlyMemory<byte> Data) : RunEvent(Seq, At);

/// <summary>A value that Python code displayed, by MIME type. Binary types are base64 strings; JSON types are JSON values.</summary>
/// <param name="Main">It is the value of the last expression.</param>
public sealed record ResultEvent(long Seq, DateTimeOffset At, ImmutableDictionary<string, JsonElement> Data, bool Main) : RunEvent(Seq, At)
{
    /// <summary>The size in bytes of each representation that was too large to be sent.</summary>
    public ImmutableDictionary<string, long> Omitted { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>The representations that were cut.</summary>
    public ImmutableArray<string> Truncated { get; init; } = [];
}

/// <summary>Code waits for a line of standard input. <see cref="ISandboxes.WriteStdinAsync"/> answers.</summary>
/// <param name="Password">The answer must not be shown.</param>
public sealed record InputRequestEvent(long Seq, DateTimeOffset At, string Prompt, bool Password) : RunEvent(Seq, At);

/// <summary>A change of a watched path.</summary>
/// <param name="Path">Null if it is not valid UTF-8.</param>
/// <param name="Change"><c>create</c>, <c>modify</c>, <c>delete</c>, <c>rename</c>, <c>attributes</c> or <c>overflow</c>: list the directory again.</param>
/// <param name="From">The previous path of what was renamed, if it is known.</param>
public sealed record FileChangedEvent(long Seq, DateTimeOffset At, string? Path, string Change, string? From) : RunEvent(Seq, At);

/// <summary>Some of the background output was dropped, because it was written faster than it is kept.</summary>
/// <param name="Bytes">How many bytes are missing.</param>
public sealed record DroppedEvent(long Seq, DateTimeOffset At, long Bytes) : RunEvent(Seq, At);
