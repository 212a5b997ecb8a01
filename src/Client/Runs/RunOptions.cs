namespace Podflare;

/// <summary>The language of a run.</summary>
public enum RunLanguage
{
    /// <summary>Python in an interpreter of the sandbox: variables, imports and open files persist from run to run.</summary>
    Python,

    /// <summary>A new bash process with the same files.</summary>
    Bash,
}

/// <summary>Whether a run gets an interpreter of its own.</summary>
public enum FreshInterpreter
{
    /// <summary>The run uses the interpreter of its context.</summary>
    No,

    /// <summary>A throw-away interpreter outside all queues. What the run started is killed at its end.</summary>
    Yes,

    /// <summary>Like <see cref="Yes"/>, but every other process and run of the sandbox is killed first, so that nothing can read the run's environment.</summary>
    Alone,
}

/// <summary>Which top-level expressions of Python code produce a <see cref="ResultEvent"/>.</summary>
public enum ResultDisplay
{
    /// <summary>The last expression, as in a notebook.</summary>
    Last,

    /// <summary>Every expression.</summary>
    All,

    /// <summary>None. Notebook syntax, such as <c>!ls</c>, is not available either.</summary>
    None,
}

/// <summary>What happens to a run that nobody reads.</summary>
public enum DisconnectAction
{
    /// <summary>It continues.</summary>
    Continue,

    /// <summary>It is interrupted.</summary>
    Interrupt,
}

/// <summary>Options of a run of code.</summary>
/// <example>
/// <code>
/// var result = await sandbox.RunAsync("ls /tmp", new RunOptions { Language = RunLanguage.Bash, Timeout = TimeSpan.FromSeconds(10) });
/// </code>
/// </example>
public sealed record RunOptions
{
    /// <summary>The language. Default: Python. The language of a <see cref="Context"/> takes precedence.</summary>
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

    /// <summary>The ID of the context to run in; see <see cref="Sandbox.Contexts"/>. Default: <c>python</c>, or a new bash process.</summary>
    public string? Context { get; init; }

    /// <summary>Whether the run gets an interpreter of its own. It cannot be combined with <see cref="Context"/>. Default: no.</summary>
    public FreshInterpreter Fresh { get; init; }

    /// <summary>Which expressions of Python code produce results. Server default: the last one.</summary>
    public ResultDisplay? Display { get; init; }

    /// <summary>Whether results that are data frames also contain <c>application/vnd.podflare.columns+json</c>: the values of each column. Default: no.</summary>
    public bool Columns { get; init; }

    /// <summary>What the code reads from standard input. Default: the end of the file.</summary>
    public RunInput? Stdin { get; init; }

    /// <summary>The time between an interrupt or timeout and the kill, 0 to 300 s. Server default: 5 s.</summary>
    public TimeSpan? Grace { get; init; }

    /// <summary>Whether the run is interrupted when nobody reads it. Server default: it continues.</summary>
    public DisconnectAction? OnDisconnect { get; init; }

    /// <summary>With <see cref="DisconnectAction.Interrupt"/>: how long nobody may read, 0.1 s to 1 hour. Server default: 10 s.</summary>
    public TimeSpan? DisconnectAfter { get; init; }

    /// <summary>Whether the open run keeps the sandbox from being idle. Server default: yes, because a run of code has a timeout.</summary>
    public bool? KeepAlive { get; init; }

    /// <summary>A label to find the run by, at most 64 characters; see <see cref="Sandbox.ListRunsAsync"/>.</summary>
    public string? Tag { get; init; }

    /// <summary>
    /// Functions of this program that Python code may call, as <c>tools.search(q="x")</c> or <c>await call_tool_async("search", q="x")</c>.
    /// <see cref="Sandbox.RunAsync"/> and <see cref="Sandbox.RunStreamAsync"/> carry them out while they read the run. With
    /// <see cref="Sandbox.StartRunAsync"/>, only the definitions are used. The code may keep the results: offer only what you would offer to a model.
    /// </summary>
    public IReadOnlyList<SandboxTool>? Tools { get; init; }

    /// <summary>How long a call of a tool waits for its result. Server default: 60 s.</summary>
    public TimeSpan? ToolTimeout { get; init; }

    /// <summary>The output format of bash code. It cannot be set for Python.</summary>
    public OutputOptions? Output { get; init; }

    internal RunStart ToStart(string code)
    {
        ArgumentException.ThrowIfNullOrEmpty(code);
        ArgumentChecks.Unicode(code, nameof(code));
        var language = ArgumentChecks.Word(Language, nameof(Language));
        return new RunStart(
            new RunBody
            {
                Code = code,
                Language = Context is null ? language : null,
                TimeoutSeconds = ArgumentChecks.Seconds(Timeout, nameof(Timeout)),
                Env = Env,
                Context = Context,
                Fresh = Fresh is FreshInterpreter.No ? null : Fresh,
                Display = Display is { } display ? ArgumentChecks.Word(display, nameof(Display)) : null,
                Columns = Columns ? true : null,
                Stdin = Stdin is null ? null : true,
                GraceSeconds = ArgumentChecks.SecondsOrZero(Grace, nameof(Grace)),
                OnDisconnect = OnDisconnect is { } action ? ArgumentChecks.Word(action, nameof(OnDisconnect)) : null,
                DisconnectSeconds = ArgumentChecks.Seconds(DisconnectAfter, nameof(DisconnectAfter)),
                KeepAlive = KeepAlive,
                Tag = Tag,
                Stderr = Output?.Stderr,
                Order = Output?.Order,
                Encoding = Output?.Encoding,
                Tools = ToolBodies(),
                ToolTimeoutSeconds = ArgumentChecks.Seconds(ToolTimeout, nameof(ToolTimeout)),
            },
            IdempotencyKey,
            language)
        {
            Input = Stdin,
            OnStarted = OnStarted,
            Tools = Tools is { Count: > 0 } ? Tools : null,
        };
    }

    private ToolBody[]? ToolBodies()
    {
        if (Tools is not { Count: > 0 }) return null;
        if (Tools.DistinctBy(tool => tool.Name).Count() < Tools.Count) throw new ArgumentException("Two tools have the same name.");
        return [.. Tools.Select(tool => new ToolBody(tool.Name, tool.Description, tool.InputSchema))];
    }
}
