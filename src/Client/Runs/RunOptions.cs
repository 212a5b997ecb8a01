namespace Podflare;

/// <summary>The language of a run.</summary>
public enum RunLanguage
{
    /// <summary>Python in the sandbox's one REPL: names, imports and open files stay from run to run.</summary>
    Python,

    /// <summary>A fresh bash process with the same files.</summary>
    Bash,
}

/// <summary>How code is to be run.</summary>
public sealed record RunOptions
{
    /// <summary>The language. Default: Python.</summary>
    public RunLanguage Language { get; init; } = RunLanguage.Python;

    /// <summary>Time after which the server ends the run (exit code 124). Default: the server's, 300 s as shipped.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Environment variables of this run, at most 64 KiB in all.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>
    /// Under the same key the sandbox starts one run, however often it is asked; 1 to 255 visible ASCII characters. Default: a new one for
    /// each call, so that repeats of the call never run the code twice.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}
