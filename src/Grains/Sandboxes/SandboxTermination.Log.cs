using Microsoft.Extensions.Logging;
using Podflare.Runs;

namespace Podflare.Sandboxes;

internal sealed partial class SandboxTermination
{
    [LoggerMessage(LogLevel.Information, "Ending sandbox {Sandbox}: {Reason}.")]
    private partial void LogEnding(SandboxId sandbox, EndReason reason);

    [LoggerMessage(LogLevel.Information, "Ended sandbox {Sandbox}: {Reason}.")]
    private partial void LogEnded(SandboxId sandbox, EndReason reason);

    [LoggerMessage(LogLevel.Warning, "The engine does not list the container of sandbox {Sandbox} as running, but its guest is connected; the sandbox stays.")]
    private partial void LogOutvoted(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The store has lost the end of sandbox {Sandbox}; ending it again.")]
    private partial void LogEndedAgain(SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "The end of sandbox {Sandbox} failed unexpectedly; it is repeated.")]
    private partial void LogRepeated(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "Run {Run} in sandbox {Sandbox} cannot be closed; it is set aside.")]
    private partial void LogNotClosed(Exception exception, RunId run, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Closed {Count} open runs of sandbox {Sandbox}, which has ended or has lost its record.")]
    private partial void LogLeftoverRuns(int count, SandboxId sandbox);
}
