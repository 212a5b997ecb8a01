namespace Podflare;

/// <summary>Options of a terminal.</summary>
public sealed record TerminalOptions
{
    /// <summary>The number of columns, 1 to 1,000. Default: 80.</summary>
    public int Columns { get; init; } = 80;

    /// <summary>The number of rows, 1 to 1,000. Default: 24.</summary>
    public int Rows { get; init; } = 24;

    /// <summary>The program that runs on the terminal. Default: <c>bash</c>.</summary>
    public ProcessCommand Command { get; init; } = ProcessCommand.Of("bash");

    /// <summary>The working directory, an absolute path. Default: the home directory, <c>/root</c>.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Environment variables of the program, at most 64 KiB in total.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>The time after which the server ends the program with exit code 124. Default: none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>A label to find the terminal by, at most 64 characters; see <see cref="Sandbox.ListRunsAsync"/>.</summary>
    public string? Tag { get; init; }

    internal RunStart ToStart()
    {
        var start = new ProcessOptions { WorkingDirectory = WorkingDirectory, Env = Env, Timeout = Timeout, Tag = Tag }.ToStart(Command);
        return start with { Body = start.Body with { Pty = ArgumentChecks.TerminalSize(Columns, Rows) } };
    }
}
