namespace Podflare;

/// <summary>Options of a process.</summary>
/// <example>
/// <code>
/// var server = await sandbox.StartProcessAsync(ProcessCommand.Shell("python3 -m http.server"), new ProcessOptions { Tag = "web", KeepAlive = false });
/// </code>
/// </example>
public sealed record ProcessOptions
{
    /// <summary>The working directory, an absolute path. Default: the home directory, <c>/root</c>.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Environment variables of the process, at most 64 KiB in total.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>What the process reads from standard input. Default: the end of the file.</summary>
    public RunInput? Stdin { get; init; }

    /// <summary>The format of the output.</summary>
    public OutputOptions? Output { get; init; }

    /// <summary>The time after which the server ends the process with exit code 124. Default: none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The time between an interrupt or timeout and the kill, 0 to 300 s. Server default: 5 s.</summary>
    public TimeSpan? Grace { get; init; }

    /// <summary>Whether the process is interrupted when nobody reads its output. Server default: it continues.</summary>
    public DisconnectAction? OnDisconnect { get; init; }

    /// <summary>With <see cref="DisconnectAction.Interrupt"/>: how long nobody may read, 0.1 s to 1 hour. Server default: 10 s.</summary>
    public TimeSpan? DisconnectAfter { get; init; }

    /// <summary>Whether the open process keeps the sandbox from being idle. Server default: yes if it has a timeout. A reader always does.</summary>
    public bool? KeepAlive { get; init; }

    /// <summary>A label to find the process by, at most 64 characters; see <see cref="Sandbox.ListRunsAsync"/>.</summary>
    public string? Tag { get; init; }

    /// <summary>Calls with the same key join one run; 1 to 255 visible ASCII characters. Default: a new key for each call.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Called once the server has accepted the process, before its first event; see <see cref="RunOptions.OnStarted"/>.</summary>
    public Action<SandboxRun>? OnStarted { get; init; }

    internal RunStart ToStart(ProcessCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return new RunStart(
            new RunBody
            {
                Argv = command.Arguments,
                Command = command.ShellText,
                TimeoutSeconds = ArgumentChecks.Seconds(Timeout, nameof(Timeout)),
                Env = Env,
                Stdin = Stdin is null ? null : true,
                GraceSeconds = ArgumentChecks.SecondsOrZero(Grace, nameof(Grace)),
                OnDisconnect = OnDisconnect is { } action ? ArgumentChecks.Word(action, nameof(OnDisconnect)) : null,
                DisconnectSeconds = ArgumentChecks.Seconds(DisconnectAfter, nameof(DisconnectAfter)),
                KeepAlive = KeepAlive,
                Tag = Tag,
                Cwd = WorkingDirectory,
                Stderr = Output?.Stderr,
                Order = Output?.Order,
                Encoding = Output?.Encoding,
            },
            IdempotencyKey,
            null)
        {
            Input = Stdin,
            OnStarted = OnStarted,
        };
    }
}
