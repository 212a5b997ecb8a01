using System.Text.Json;

namespace Podflare.Mcp;

/// <summary>Reads the events of one run in order, each once. Disposing it does not end the run.</summary>
public interface IRunReader : IAsyncDisposable
{
    string RunId { get; }

    /// <summary>What the server changed about the request.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>Whether the interpreter of earlier runs had died, so that their variables are gone.</summary>
    bool ReplRestarted { get; }

    /// <summary>The next events. Not to be called after the <see cref="RunEnd"/>.</summary>
    /// <returns>Null if none arrives within the time.</returns>
    Task<IReadOnlyList<RunEvent>?> NextAsync(TimeSpan wait, CancellationToken cancellationToken);
}

/// <summary>An event of a run, as far as answers need it.</summary>
public record RunEvent(long Seq);

/// <summary>Output.</summary>
/// <param name="IsError">Whether it was written to stderr.</param>
public sealed record RunText(long Seq, string Text, bool IsError) : RunEvent(Seq);

/// <summary>A value that the code displayed, by MIME type.</summary>
public sealed record RunValue(long Seq, IReadOnlyDictionary<string, JsonElement> Data) : RunEvent(Seq)
{
    /// <summary>The value as text; empty if it has none.</summary>
    public string Text => Data.TryGetValue("text/plain", out var text) && text.ValueKind is JsonValueKind.String ? text.GetString()! : "";
}

/// <summary>The end of a run.</summary>
/// <param name="Reason">Null if the code itself ended with the exit code.</param>
public sealed record RunEnd(long Seq, int ExitCode, string? Reason, string? Signal, bool StateLost, RunFault? Fault) : RunEvent(Seq);

/// <summary>The exception that ended the code.</summary>
public sealed record RunFault(string? Name, string? Value, string? Traceback);

/// <summary>The state of a run.</summary>
/// <param name="Reason">Why it ended; null while it is open, and if the code itself ended it.</param>
public sealed record RunStatus(bool HasEnded, string? Reason, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt);
