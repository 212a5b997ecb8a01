using Microsoft.Extensions.Logging;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

internal sealed partial class HostReconciler
{
    [LoggerMessage(LogLevel.Warning, "Removing the container of sandbox {Sandbox}: it has no record.")]
    private partial void LogStrayRemoved(SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} answered its host only at try {Tries}.")]
    private partial void LogAdoptRepeated(Exception exception, SandboxId sandbox, int tries);

    [LoggerMessage(LogLevel.Error, "Sandbox {Sandbox} cannot be adopted. Its container is set aside, and every sweep asks again.")]
    private partial void LogSetAside(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} could not be declared lost yet; the next sweep asks again.")]
    private partial void LogLostRepeated(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "The engine does not list {Gone} of {Owned} sandboxes' containers. They are not ended yet: check the engine.")]
    private partial void LogMassLoss(int gone, int owned);

    [LoggerMessage(LogLevel.Warning, "One container could not be handled; the next sweep tries again.")]
    private partial void LogItemFailed(Exception exception);
}
