namespace Podflare;

/// <summary>A program to run in a sandbox.</summary>
/// <example>
/// <code>
/// var status = await sandbox.RunProcessAsync(ProcessCommand.Of("git", "status", "--short"));
/// var count = await sandbox.RunProcessAsync(ProcessCommand.Shell("ls | wc -l"));
/// </code>
/// </example>
public sealed class ProcessCommand
{
    private ProcessCommand(IReadOnlyList<string>? arguments, string? shellText) => (Arguments, ShellText) = (arguments, shellText);

    /// <summary>The program and its arguments; null for a <see cref="Shell"/> command.</summary>
    public IReadOnlyList<string>? Arguments { get; }

    /// <summary>The text that bash runs; null for a command that was created with <see cref="Of"/>.</summary>
    public string? ShellText { get; }

    /// <summary>A program and its arguments, which no shell interprets: at most 1,024 of at most 128 KiB each.</summary>
    public static ProcessCommand Of(string program, params string[] arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(program);
        ArgumentNullException.ThrowIfNull(arguments);
        string[] all = [program, .. arguments];
        foreach (var argument in all) ArgumentChecks.Unicode(argument, nameof(arguments));
        return new ProcessCommand(all, null);
    }

    /// <summary>A command line for <c>bash -c</c>, at most 128 KiB.</summary>
    public static ProcessCommand Shell(string command)
    {
        ArgumentException.ThrowIfNullOrEmpty(command);
        ArgumentChecks.Unicode(command, nameof(command));
        return new ProcessCommand(null, command);
    }

    /// <summary>The command, for display.</summary>
    public override string ToString() => ShellText ?? string.Join(' ', Arguments!);
}
