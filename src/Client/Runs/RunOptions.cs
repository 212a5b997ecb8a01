namespace Podflare;

/// <summary>The language of a run.</summary>
public enum RunLanguage
{
    /// <summary>Python in the sandbox's interpreter: variables, imports and open files persist from run to run.</summary>
    Python,

    /// <summary>A new bash process with the same files.</summary>
    Bash,
}

/// <summary>Options of a run.</summary>
/// <example>
/// <code>
/// var result = await sandbox.RunAsync("ls /tmp", new RunOptions { Language = RunLanguage.Bash, Timeout = TimeSpan.FromSeconds(10) });
/// </code>
/// </example>
public sealed record RunOptions
{
    /// <summary>The language. Default: Python.</summary>
    public RunLanguage Language { get; init; } = RunLanguage.Python;

    /// <summary>The time after which the server ends the run with exit code 124. Server default: 300 s; maximum: 24 hours.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Environment variables for this run, at most 64 KiB in total.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>
    /// Calls with the same key join one run; 1 to 255 visible ASCII characters. Default: a new key for each call, so that retries never run
    /// the code twice.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>
    /// Called once the server has accepted the run, before its first event. It provides the run's ID and warnings to a caller of
    /// <see cref="Sandbox.RunAsync"/> or <see cref="Sandbox.RunStreamAsync"/>. Do not dispose the run or read its events in it.
    /// </summary>
    public Action<SandboxRun>? OnStarted { get; init; }
}
