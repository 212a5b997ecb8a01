using System.Collections.Immutable;
using System.Text;
using Podflare.Runs;

namespace Podflare.GrainClient;

/// <summary>A program to run, with its options. It has either <see cref="Arguments"/> or a <see cref="Command"/>.</summary>
public sealed record ProcessRequestOptions
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(7);
    private static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true);

    /// <summary>The program and its arguments, which no shell interprets: at most 1,024 of at most 128 KiB each.</summary>
    public ImmutableArray<string> Arguments { get; init; } = [];

    /// <summary>A command line for <c>bash -c</c>, at most 128 KiB.</summary>
    public string? Command { get; init; }

    /// <summary>The working directory, an absolute path. Default: the home directory.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The size of a terminal for the program, whose output then comes as <see cref="TerminalEvent"/>s. Default: none.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>Variables of the process, 64 KiB in all.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Standard input is open for <see cref="ISandboxes.WriteStdinAsync"/>. Default: no; with a terminal it always is.</summary>
    public bool Stdin { get; init; }

    /// <summary>The format of the output; not with a terminal.</summary>
    public OutputFormat? Output { get; init; }

    /// <summary>Time after which the process is ended with 124. Default: none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Time between an interrupt or timeout and the kill, 0 to 300 s. Default: the cluster's.</summary>
    public TimeSpan? Grace { get; init; }

    /// <summary>What happens to the process when nobody reads its output. Default: it continues.</summary>
    public OnDisconnect OnDisconnect { get; init; } = OnDisconnect.Continue;

    /// <summary>With <see cref="OnDisconnect.Interrupt"/>: time without a reader, 0.1 to 3,600 s. Default: the cluster's.</summary>
    public TimeSpan? DisconnectAfter { get; init; }

    /// <summary>Whether the open process keeps the sandbox from being idle. Default: yes if it has a timeout.</summary>
    public bool? KeepAlive { get; init; }

    /// <summary>A label to find the process by, 1 to 64 characters.</summary>
    public string? Tag { get; init; }

    /// <summary>Starts one process, however often it is asked for within 24 h, over HTTP too. Default: a new key, so that repeats of one call are safe.</summary>
    public string? IdempotencyKey { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the text names it.</exception>
    internal RunRequest ToRequest()
    {
        var arguments = Arguments.IsDefault ? [] : Arguments;
        if (arguments.IsEmpty == Command is null) throw new ArgumentException($"Either {nameof(Arguments)} or {nameof(Command)} must be set.");
        if (Timeout is { } timeout) Checks.Duration(timeout, LongestTimeout, nameof(Timeout));
        if (!Enum.IsDefined(OnDisconnect) || OnDisconnect is OnDisconnect.Unknown) throw new ArgumentException($"{nameof(OnDisconnect)} must be Continue or Interrupt.");
        Checks.Env(Env, nameof(Env));
        return new RunRequest(Strict.GetBytes(Command ?? ""), RunLanguage.Bash, Timeout ?? RunRequest.NoTimeout, OnDisconnect, Checks.Sorted(Env))
        {
            Kind = RunKind.Process,
            Process = new ProcessSpec(arguments, WorkingDirectory, Terminal),
            Stdin = Stdin || Terminal is not null,
            Output = Output,
            Grace = Grace,
            DisconnectAfter = DisconnectAfter,
            KeepAlive = KeepAlive,
            Tag = Tag,
        };
    }
}
