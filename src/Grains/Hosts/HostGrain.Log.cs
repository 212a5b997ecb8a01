using Microsoft.Extensions.Logging;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    [LoggerMessage(LogLevel.Information, "Host {Host} is ready with {Count} sandboxes.")]
    private partial void LogReady(string host, int count);

    [LoggerMessage(LogLevel.Information, "Started the container of sandbox {Sandbox} in {Milliseconds:0} ms.")]
    private partial void LogStarted(SandboxId sandbox, double milliseconds);

    [LoggerMessage(LogLevel.Warning, "Nobody came for sandbox {Sandbox} within its lease; removing its container.")]
    private partial void LogLeaseExpired(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Removing the container of sandbox {Sandbox}: it has no record.")]
    private partial void LogStrayRemoved(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} could not be adopted yet; asking again.")]
    private partial void LogAdoptRepeated(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} could not be declared lost yet; the next sweep asks again.")]
    private partial void LogLostRepeated(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Container {Container} could not be removed; the next sweep tries again.")]
    private partial void LogRemoveFailed(Exception exception, string container);

    [LoggerMessage(LogLevel.Warning, "The file that says whether sandbox {Sandbox} is parked could not be changed.")]
    private partial void LogMarkFailed(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The sweep of host {Host} failed; the next one tries again.")]
    private partial void LogSweepFailed(Exception exception, string host);

    [LoggerMessage(LogLevel.Warning, "The engine's events of host {Host} broke off; listening again.")]
    private partial void LogWatchFailed(Exception exception, string host);

    [LoggerMessage(LogLevel.Error, "Host {Host} is gone for good; ending its {Count} sandboxes.")]
    private partial void LogHostLost(string host, int count);
}
