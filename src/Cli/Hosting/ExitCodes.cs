namespace Podflare.Cli.Hosting;

/// <summary>Exit statuses of the command itself. Those of <c>run</c> and <c>exec</c> are the code's own, so their failures have a number apart.</summary>
internal static class ExitCodes
{
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>The command itself failed, not the code that it runs; the same number as docker's.</summary>
    public const int NotRun = 125;

    public const int Interrupted = 130;

    /// <summary>Whoever read our output has left: what a shell shows for SIGPIPE.</summary>
    public const int ReaderLeft = 141;
}
