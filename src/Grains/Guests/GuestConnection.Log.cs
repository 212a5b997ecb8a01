using Microsoft.Extensions.Logging;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Guests;

internal sealed partial class GuestConnection
{
    [LoggerMessage(LogLevel.Information, "Guest of sandbox {Sandbox} connected (boot {Boot}, frames from {First} on, {Runs} runs).")]
    private partial void LogConnected(SandboxId sandbox, string boot, ulong first, int runs);

    [LoggerMessage(LogLevel.Information, "Connection to the guest of sandbox {Sandbox} ended: {End}.")]
    private partial void LogClosed(SandboxId sandbox, ConnectionEnd end);

    [LoggerMessage(LogLevel.Warning, "Guest of sandbox {Sandbox} sent {What}; closing its connection ({End}).")]
    private partial void LogBroken(SandboxId sandbox, string what, ConnectionEnd end);

    [LoggerMessage(LogLevel.Error, "Serving the guest of sandbox {Sandbox} failed.")]
    private partial void LogFailed(Exception error, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Guest of sandbox {Sandbox} ended run {Run} for a reason that is not known here.")]
    private partial void LogReason(SandboxId sandbox, RunId run);
}
