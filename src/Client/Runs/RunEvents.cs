namespace Podflare;

/// <summary>The start of a process: its first event. Code has none.</summary>
public sealed record StartEvent : SandboxEvent
{
    /// <summary>The process ID in the sandbox; 0 for a watch.</summary>
    public required int ProcessId { get; init; }
}

/// <summary>Bytes that a program wrote to its terminal. See <see cref="SandboxTerminal"/>.</summary>
public sealed record TerminalEvent : SandboxEvent
{
    /// <summary>At most 64 KiB. A character may be split between two events.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }
}

/// <summary>Code waits for a line of standard input. Answer with <see cref="SandboxRun.WriteStdinAsync"/> or <see cref="RunInput.Answers"/>.</summary>
public sealed record InputRequestEvent : SandboxEvent
{
    /// <summary>The prompt; empty if the code has none.</summary>
    public required string Prompt { get; init; }

    /// <summary>Whether the answer must not be shown.</summary>
    public bool Password { get; init; }
}

/// <summary>
/// Code calls a tool; see <see cref="RunOptions.Tools"/>. A program that reads the events itself answers with <see cref="SandboxRun.AnswerToolCallAsync"/>
/// or <see cref="SandboxRun.FailToolCallAsync"/>.
/// </summary>
public sealed record ToolRequestEvent : SandboxEvent
{
    /// <summary>The ID of the call in its run.</summary>
    public required string CallId { get; init; }

    /// <summary>The name of the tool.</summary>
    public required string Name { get; init; }

    /// <summary>The arguments, an object; null if the server could not read them. They come from the code in the sandbox.</summary>
    public System.Text.Json.JsonElement? Arguments { get; init; }

    /// <summary>The span of the run.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>A call of a tool was answered, or nobody waits for it any more. The answer itself is not stored.</summary>
public sealed record ToolResponseEvent : SandboxEvent
{
    /// <summary>The ID of the call in its run.</summary>
    public required string CallId { get; init; }

    /// <summary>Whether it was answered without an error.</summary>
    public bool Succeeded { get; init; }

    /// <summary><c>timeout</c>, or <c>cancelled</c>: the code no longer waits. Null for a call that was answered.</summary>
    public string? Reason { get; init; }
}

/// <summary>A change of a watched path.</summary>
public sealed record FileChangedEvent : SandboxEvent
{
    /// <summary>The path; null if it is not valid UTF-8, see <see cref="PathBytes"/>.</summary>
    public string? Path { get; init; }

    /// <summary>The bytes of a path that is not valid UTF-8; otherwise null.</summary>
    public byte[]? PathBytes { get; init; }

    /// <summary>What has changed.</summary>
    public required FileChange Change { get; init; }

    /// <summary>The kind of the entry, if it is known.</summary>
    public SandboxFileType? Kind { get; init; }

    /// <summary>The previous path of an entry that was renamed, if it is known.</summary>
    public string? From { get; init; }
}

/// <summary>What has changed about a file.</summary>
public enum FileChange
{
    /// <summary>A change that this version does not know.</summary>
    Unknown,

    /// <summary>It was created.</summary>
    Create,

    /// <summary>Its content was changed.</summary>
    Modify,

    /// <summary>It was deleted.</summary>
    Delete,

    /// <summary>It was renamed or moved.</summary>
    Rename,

    /// <summary>Its mode, owner or times were changed.</summary>
    Attributes,

    /// <summary>There were more changes than could be reported. List the directory again.</summary>
    Overflow,
}

/// <summary>In the background output: some of it was dropped, because it was written faster than it is kept.</summary>
public sealed record DroppedEvent : SandboxEvent
{
    /// <summary>The number of bytes that are missing.</summary>
    public required long Bytes { get; init; }
}
