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

    /// <summary>What the code displayed: the value of its last expression, figures, and arguments of <c>display()</c>.</summary>
    public IReadOnlyList<ResultEvent> Results { get; init; } = [];

    /// <summary>The value of the last expression; null if it had none.</summary>
    public ResultEvent? Main => Results.LastOrDefault(result => result.Main);

    /// <summary>The signal that ended the process, such as <c>SIGTERM</c>; null if no signal did.</summary>
    public string? Signal { get; init; }

    /// <summary>Everything that the code printed: stdout and stderr in the order of the events.</summary>
    public string Output => Interleaving.Output(Stdout, Stderr);

    /// <summary>What a notebook would show: <see cref="Output"/>, with the text of each result on lines of its own.</summary>
    public string Text => Interleaving.Text(Output, Results);

    internal Interleaving Interleaving { get; init; }

    // The word of a reason that this version does not know.
    internal string? ReasonWord { get; init; }

    internal double? TimeoutSeconds { get; init; }

    /// <summary>
    /// Describes the result for a language model: <see cref="Text"/>, the exception if the text does not show it, and a last line in brackets if there
    /// is more to know, such as an exit code other than 0, lost variables, warnings or the number of images. Of a long output, 40 % of the room is for
    /// the beginning and the rest for the end, and a line between them says how many characters were omitted.
    /// </summary>
    /// <param name="maxChars">The maximum length in UTF-16 code units, at least 256. Default: 20,000.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxChars"/> is less than 256.</exception>
    public string ForModel(int maxChars = 20_000) => ModelText.Format(
        new ModelTextParts(Text)
        {
            ExitCode = ExitCode,
            Reason = Reason is ExitReason.Unknown ? ReasonWord ?? "unknown" : Reason?.ToString().ToLowerInvariant(),
            Signal = Signal,
            ErrorName = Error?.Name,
            ErrorValue = Error?.Value,
            Traceback = Error?.Traceback,
            StateLost = StateLost,
            ReplRestarted = ReplRestarted,
            Truncated = Truncated,
            Warnings = Warnings,
            Images = Results.Count(result => result.Data.Keys.Any(mime => mime.StartsWith("image/", StringComparison.Ordinal))),
            TimeoutSeconds = TimeoutSeconds,
        },
        maxChars);
}
