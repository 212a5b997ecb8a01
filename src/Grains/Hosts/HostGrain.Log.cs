using Microsoft.Extensions.Logging;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    [LoggerMessage(LogLevel.Information, "Host {Host} is ready with {Count} sandboxes.")]
    private partial void LogReady(string host, int count);

    [LoggerMessage(LogLevel.Information, "An operator has set the mode of host {Host}: {Mode}.")]
    private partial void LogMode(string host, HostMode mode);

    [LoggerMessage(LogLevel.Warning, "The sweep of host {Host} failed; the next one tries again.")]
    private partial void LogSweepFailed(Exception exception, string host);
}
