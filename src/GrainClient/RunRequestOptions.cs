using System.Collections.Immutable;
using System.Text;
using Podflare.Runs;

namespace Podflare.GrainClient;

/// <summary>How code is run.</summary>
public sealed record RunRequestOptions
{
    // What the HTTP API takes by default, too.
    private const int MaxCodeBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(7);
    private static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true);

    /// <summary>Python runs in the sandbox's one REPL, bash in a fresh process. Default: Python.</summary>
    public RunLanguage Language { get; init; } = RunLanguage.Python;

    /// <summary>Time after which the run is ended with 124. Default: 300 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Variables of this run, 64 KiB in all.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What becomes of the run when nobody reads it any more. Default: it goes on.</summary>
    public OnDisconnect OnDisconnect { get; init; } = OnDisconnect.Continue;

    /// <summary>With <see cref="OnDisconnect.Interrupt"/>: time without a reader, 0.1 to 3,600 s. Default: the cluster's.</summary>
    public TimeSpan? DisconnectAfter { get; init; }

    /// <summary>The context to run in, which decides the language. Default: <c>python</c>, or a new bash process.</summary>
    public string? Context { get; init; }

    /// <summary>Whether the run gets an interpreter of its own; not together with <see cref="Context"/>. Default: none.</summary>
    public FreshMode Fresh { get; init; }

    /// <summary>Which top-level expressions of Python code produce results. Default: the last one.</summary>
    public DisplayPolicy Display { get; init; } = DisplayPolicy.Last;

    /// <summary>Results that are data frames also contain the values of each column. Default: no.</summary>
    public bool Columns { get; init; }

    /// <summary>Standard input is open for <see cref="ISandboxes.WriteStdinAsync"/>. Default: no.</summary>
    public bool Stdin { get; init; }

    /// <summary>The format of the output of bash.</summary>
    public OutputFormat? Output { get; init; }

    /// <summary>Time between an interrupt or timeout and the kill, 0 to 300 s. Default: the cluster's.</summary>
    public TimeSpan? Grace { get; init; }

    /// <summary>Whether the open run keeps the sandbox from being idle. Default: yes, because it has a timeout.</summary>
    public bool? KeepAlive { get; init; }

    /// <summary>A label to find the run by, 1 to 64 characters.</summary>
    public string? Tag { get; init; }

    /// <summary>Only one run is started for each key within 24 h, no matter how often and by which client, HTTP clients included. Null uses a random key, so that retries of this call are safe.</summary>
    public string? IdempotencyKey { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the text names it.</exception>
    internal RunRequest ToRequest(string code)
    {
        ArgumentException.ThrowIfNullOrEmpty(code);
        Checks.Duration(Timeout, LongestTimeout, nameof(Timeout));
        if (!Enum.IsDefined(Language) || Language is RunLanguage.Unknown) throw new ArgumentException($"{nameof(Language)} must be Python or Bash.");
        if (!Enum.IsDefined(OnDisconnect) || OnDisconnect is OnDisconnect.Unknown) throw new ArgumentException($"{nameof(OnDisconnect)} must be Continue or Interrupt.");
        Checks.Env(Env, nameof(Env));
        // A lone surrogate is no text: it throws, as an ArgumentException.
        var bytes = Strict.GetBytes(code);
        if (bytes.Length > MaxCodeBytes) throw new ArgumentException($"The code is larger than {MaxCodeBytes} bytes.", nameof(code));
        return new RunRequest(bytes, Language, Timeout, OnDisconnect, Checks.Sorted(Env))
        {
            Context = Context,
            Fresh = Fresh,
            Display = Language is RunLanguage.Python ? Display : DisplayPolicy.None,
            Columns = Columns,
            Stdin = Stdin,
            Output = Output,
            Grace = Grace,
            DisconnectAfter = DisconnectAfter,
            KeepAlive = KeepAlive,
            Tag = Tag,
        };
    }
}
