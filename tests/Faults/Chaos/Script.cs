using System.Globalization;
using System.Text;

namespace Podflare.Faults.Chaos;

/// <summary>How a program ends.</summary>
internal enum ScriptEnd
{
    Normal,
    ExitCode,
    Exception,
    Crash,
    Timeout,
    Interrupt,
    Oom,
    Delete,
}

/// <summary>
/// A program whose output describes itself: each line carries the run's tag, a counter, a check number and a payload that follow from it.
/// So the auditor knows every byte that it must get, and in which order.
/// </summary>
internal sealed record Script
{
    public required string Tag { get; init; }

    public bool Bash { get; init; }

    public int Count { get; init; } = 10;

    /// <summary>Characters of payload; some of them have two, three and four bytes.</summary>
    public int Payload { get; init; } = 20;

    /// <summary>Pause after a line, in milliseconds.</summary>
    public int PauseMs { get; init; }

    /// <summary>Each so many-th line goes to stderr; 0 for none.</summary>
    public int StderrEvery { get; init; }

    /// <summary>Seconds of silence before the last line.</summary>
    public int QuietSeconds { get; init; }

    /// <summary>A child process prints them.</summary>
    public bool InChild { get; init; }

    public ScriptEnd End { get; init; }

    public int ExitCode { get; init; }

    public int? TimeoutSeconds => End is ScriptEnd.Timeout ? 2 : null;

    private int Key => int.Parse(Tag.AsSpan(^6), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public string Language => Bash ? "bash" : "python";

    /// <summary>The line with number <paramref name="n"/>, from 1 on.</summary>
    public string Line(int n) => string.Create(CultureInfo.InvariantCulture, $"{Tag} {n} {(n * 7919L + Key) % 1_000_003} {Fill(n)}\n");

    public bool IsStderr(int n) => StderrEvery > 0 && n % StderrEvery == 0;

    /// <summary>The whole of one stream, without the header line.</summary>
    public string Output(bool stderr)
    {
        var text = new StringBuilder();
        for (var n = 1; n <= Count; n++)
        {
            if (IsStderr(n) == stderr) text.Append(Line(n));
        }

        return text.ToString();
    }

    /// <summary>Code, reason and error name that a run must end with when nobody touches its REPL, its sandbox or itself.</summary>
    public (int Code, string? Reason, string? Error) Ending => End switch
    {
        ScriptEnd.ExitCode => (ExitCode, null, null),
        ScriptEnd.Exception => (1, null, "ValueError"),
        ScriptEnd.Crash => (ExitCode, "crashed", null),
        ScriptEnd.Timeout => (124, "timeout", null),
        ScriptEnd.Interrupt => (130, "interrupted", null),
        ScriptEnd.Oom => (137, "oom", null),
        ScriptEnd.Delete => (137, "killed", null),
        _ => (0, null, null),
    };

    /// <summary>It is ended from outside, or by its own death: what it has printed may stop anywhere.</summary>
    public bool IsCut => End is ScriptEnd.Interrupt or ScriptEnd.Delete;

    /// <summary>The code. Each run leaves its tag in a file, so that one which runs twice is found out.</summary>
    public string Code(string sandboxTag) => Bash ? BashCode() : PythonCode(sandboxTag);

    // é, € and 😀 have two, three and four bytes: pieces of long lines must never be cut within them.
    private string Fill(int n)
    {
        if (Bash) return new string((char)('a' + n % 26), Payload);
        var unit = $"{(char)('a' + n % 26)}é€😀";
        return new StringBuilder().Insert(0, unit, Payload / 4).ToString();
    }

    private string PythonCode(string sandboxTag) => $"""
        import os
        with open('/tmp/ran', 'a') as _f: _f.write('{Tag}\n')
        kept = globals().get('kept', '-')
        print('H {Tag}', kept, flush=True)
        kept = '{sandboxTag}'
        {(InChild ? $"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {Quote(Loop())}], check=True)" : Loop())}
        {Last()}
        """;

    private string Loop()
    {
        var pause = QuietSeconds > 0 ? $"{QuietSeconds} if n == {Count - 1} else {Seconds(PauseMs)}" : Seconds(PauseMs);
        return $"""
            import sys, time
            def _go():
                for n in range(1, {Count} + 1):
                    line = '{Tag} %d %d %s\n' % (n, (n * 7919 + {Key}) % 1000003, (chr(97 + n % 26) + 'é€😀') * {Payload / 4})
                    out = sys.stderr if {StderrEvery} and n % {Math.Max(1, StderrEvery)} == 0 else sys.stdout
                    out.write(line)
                    {(PauseMs > 0 || QuietSeconds > 0 ? $"out.flush(); time.sleep({pause})" : "pass")}
            _go()
            """;
    }

    private string Last() => End switch
    {
        ScriptEnd.ExitCode => $"sys.exit({ExitCode})",
        ScriptEnd.Exception => $"raise ValueError('{Tag}')",
        ScriptEnd.Crash => $"sys.stdout.flush(); os._exit({ExitCode})",
        ScriptEnd.Timeout => "time.sleep(600)",
        ScriptEnd.Interrupt or ScriptEnd.Delete => "while True: time.sleep(0.01)",
        ScriptEnd.Oom => "_x = bytearray(900 * 1024 * 1024)",
        _ => "pass",
    };

    private string BashCode()
    {
        var line = $"\"{Tag} $n $(((n * 7919 + {Key}) % 1000003)) ${{blank// /$letter}}\"";
        return $$"""
            echo {{Tag}} >> /tmp/ran
            letters=abcdefghijklmnopqrstuvwxyz; printf -v blank '%*s' {{Payload}} ''
            for ((n = 1; n <= {{Count}}; n++)); do
              letter=${letters:$((n % 26)):1}
              if (({{StderrEvery}} && n % {{Math.Max(1, StderrEvery)}} == 0)); then echo {{line}} >&2; else echo {{line}}; fi
              {{(PauseMs > 0 ? $"sleep {Seconds(PauseMs)}" : ":")}}
            done
            exit {{(End is ScriptEnd.ExitCode ? ExitCode : 0)}}
            """;
    }

    private static string Seconds(int milliseconds) => (milliseconds / 1000.0).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Quote(string text) => $"'''{text.Replace("\\", "\\\\", StringComparison.Ordinal)}'''";
}
