using Microsoft.Extensions.Logging;
using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    [LoggerMessage(LogLevel.Information, "Created sandbox {Sandbox} of tenant {Tenant} from template {Template}.")]
    private partial void LogCreated(SandboxId sandbox, TenantId tenant, string template);

    [LoggerMessage(LogLevel.Information, "Adopted sandbox {Sandbox} with {Open} open runs.")]
    private partial void LogAdopted(SandboxId sandbox, int open);

    [LoggerMessage(LogLevel.Debug, "Accepted run {Run} in sandbox {Sandbox}: {Language}.")]
    private partial void LogRunAccepted(SandboxId sandbox, RunId run, RunLanguage language);

    [LoggerMessage(LogLevel.Information, "Ended run {Run} in sandbox {Sandbox}: code {Code}, reason {Reason}.")]
    private partial void LogRunEnded(SandboxId sandbox, RunId run, int code, string reason);

    [LoggerMessage(LogLevel.Warning, "Withdrew run {Run} in sandbox {Sandbox}: it was promised to nobody.")]
    private partial void LogWithdrawn(SandboxId sandbox, RunId run);

    [LoggerMessage(LogLevel.Warning, "Killed run {Run} in sandbox {Sandbox}: it did not obey its timeout.")]
    private partial void LogTimeoutBackedUp(SandboxId sandbox, RunId run);

    [LoggerMessage(LogLevel.Information, "Interrupted run {Run} in sandbox {Sandbox}: nobody reads it.")]
    private partial void LogAbandoned(SandboxId sandbox, RunId run);

    [LoggerMessage(LogLevel.Information, "Ending sandbox {Sandbox}: {Reason}.")]
    private partial void LogEnding(SandboxId sandbox, EndReason reason);

    [LoggerMessage(LogLevel.Information, "Ended sandbox {Sandbox}: {Reason}.")]
    private partial void LogEnded(SandboxId sandbox, EndReason reason);

    [LoggerMessage(LogLevel.Information, "Serving sandbox {Sandbox} as an orphan: its host is away.")]
    private partial void LogOrphaned(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Another activation owns sandbox {Sandbox}; stepping down.")]
    private partial void LogReplaced(SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "The guest of sandbox {Sandbox} is another one than was adopted.")]
    private partial void LogOtherBoot(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The guest of sandbox {Sandbox} did not take a request: {Request}.")]
    private partial void LogRequestFailed(Exception exception, SandboxId sandbox, string request);

    [LoggerMessage(LogLevel.Error, "Sandbox {Sandbox} stopped taking its guest's frames; they come again to the next activation.")]
    private partial void LogPumpFailed(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Debug, "The CPU weight of sandbox {Sandbox} could not be changed.")]
    private partial void LogNotWeighed(Exception exception, SandboxId sandbox);
}
