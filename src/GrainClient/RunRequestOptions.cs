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

    /// <summary>Starts one run of it, whoever asks how often within 24 h, over HTTP too. Null draws one, so that repeats of this call are safe.</summary>
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
        return new RunRequest(bytes, Language, Timeout, OnDisconnect, Checks.Sorted(Env));
    }
}
