namespace Podflare;

/// <summary>The result of a run that has ended.</summary>
/// <example>
/// <code>
/// var result = await sandbox.RunAsync("print(6 * 7)");
/// if (result.Succeeded) Console.Write(result.Text);  // 42
/// else Console.WriteLine(result.ForModel(2_000));
/// </code>
/// </example>
public sealed record RunResult
{
    /// <summary>The run's ID.</summary>
    public required string RunId { get; init; }

    /// <summary>Everything that the code wrote to stdout.</summary>
    public required string Stdout { get; init; }

    /// <summary>Everything that the code wrote to stderr.</summary>
    public required string Stderr { get; init; }

    /// <summary>The exit code; see <see cref="ExitEvent.Code"/>.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Why the run ended; null if the code itself ended with <see cref="ExitCode"/>.</summary>
    public ExitReason? Reason { get; init; }

    /// <summary>The uncaught exception, if there was one.</summary>
    public RunError? Error { get; init; }

    /// <summary>The trace that the run belongs to, 32 hex digits, if known.</summary>
    public string? TraceId { get; init; }

    /// <summary>Whether output was dropped because it exceeded <see cref="PodflareClientOptions.MaxResultCharacters"/>.</summary>
    public bool Truncated { get; init; }

    /// <summary>What the server changed, for example a timeout that was reduced to the maximum. Each warning is also logged.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Whether the run started in a new Python interpreter because the previous one had died: variables and imports of earlier runs were gone.</summary>
    public bool ReplRestarted { get; init; }

    /// <summary>Whether the end of this run destroyed the interpreter's variables, if the server reports it.</summary>
    public bool StateLost { get; init; }

    /// <summary>Whether an earlier call with the same <see cref="RunOptions.IdempotencyKey"/> started the run.</summary>
    public bool WasReplayed { get; init; }

    /// <summary>Whether the exit code is 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Everything that the code printed: stdout and stderr in the order in which they were written.</summary>
    public string Text => Interleaving.Apply(Stdout, Stderr);

    internal Interleaving Interleaving { get; init; }

    /// <summary>
    /// Describes the result for a language model: <see cref="Text"/>, the exception if the text does not show it, and a line for each further thing
    /// that the model should know, such as a nonzero exit code. A long output is shortened in the middle, at line breaks where possible, and the
    /// number of omitted characters is stated.
    /// </summary>
    /// <param name="maxChars">The maximum length in UTF-16 code units, at least 256. Default: 20,000.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxChars"/> is less than 256.</exception>
    public string ForModel(int maxChars = 20_000) => ModelText.Format(this, maxChars);
}
