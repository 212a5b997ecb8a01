using System.Collections.Immutable;

namespace Podflare.Runs;

/// <summary>Tools of the caller that the code of a run may call.</summary>
/// <param name="Definitions">1 to 64, each with a name of its own.</param>
/// <param name="Timeout">How long a call waits for its answer; null for the server's default.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunTools")]
public sealed record RunTools([property: Id(0)] ImmutableArray<ToolDefinition> Definitions, [property: Id(1)] TimeSpan? Timeout = null);

/// <summary>One tool as the code sees it.</summary>
/// <param name="Name">1 to 128 letters, digits, <c>_</c>, <c>-</c> and <c>.</c>.</param>
/// <param name="Description">What it does; the documentation of its function in Python.</param>
/// <param name="InputSchema">The JSON schema of its arguments, an object in UTF-8; null for any arguments.</param>
[GenerateSerializer, Immutable, Alias("podflare.ToolDefinition")]
public sealed record ToolDefinition([property: Id(0)] string Name, [property: Id(1)] string? Description = null, [property: Id(2)] byte[]? InputSchema = null)
{
    /// <summary>Longest name.</summary>
    public const int MaxName = 128;

    /// <summary>Whether a tool may have this name.</summary>
    public static bool IsName(string? name) => name is { Length: > 0 and <= MaxName } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}

/// <summary>The answer to a call of a tool.</summary>
/// <param name="CallId">As the <c>tool_request</c> event names it.</param>
/// <param name="Content">One JSON value in UTF-8, or the message of an error.</param>
/// <param name="IsError">The tool failed: the code gets an exception with this message.</param>
[GenerateSerializer, Immutable, Alias("podflare.ToolAnswer")]
public sealed record ToolAnswer([property: Id(0)] string CallId, [property: Id(1)] byte[] Content, [property: Id(2)] bool IsError = false);

/// <summary>What became of a <see cref="ToolAnswer"/>.</summary>
[GenerateSerializer, Alias("podflare.ToolAnswerOutcome")]
public enum ToolAnswerOutcome
{
    /// <summary>The sandbox has it, or an earlier answer to this call.</summary>
    Accepted,

    /// <summary>The run has made no such call.</summary>
    NotFound,

    /// <summary>The call timed out, the code no longer waits for it, or the run has ended.</summary>
    Closed,
}
