namespace Podflare.Cli.Hosting;

/// <summary>Exit codes of the command itself. <c>run</c> and <c>exec</c> exit with the code's own exit code, so their own failures have a separate one.</summary>
internal static class ExitCodes
{
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>The command failed before it could run the code; the same number as docker's.</summary>
    public const int NotRun = 125;

    public const int Interrupted = 130;

    /// <summary>The reader of our output has closed it: what a shell shows for SIGPIPE.</summary>
    public const int BrokenPipe = 141;
}
