using Microsoft.Extensions.Logging;
using Podflare.Sandboxes;

namespace Podflare.Containers;

public sealed partial class DockerRuntime
{
    [LoggerMessage(LogLevel.Information, "Started container {Container} for sandbox {Sandbox}.")]
    private partial void LogStarted(SandboxId sandbox, string container);

    [LoggerMessage(LogLevel.Warning, "Could not start a container of template {Template} for sandbox {Sandbox}; removing what there is of it.")]
    private partial void LogStartFailed(Exception error, SandboxId sandbox, string template);

    [LoggerMessage(LogLevel.Warning, "Removing container {Container} failed, attempt {Attempt}.")]
    private partial void LogRemoveFailed(Exception error, string container, int attempt);

    [LoggerMessage(LogLevel.Error, "A container of sandbox {Sandbox} that did not start may be left; the next sweep removes it.")]
    private partial void LogLeftover(Exception error, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The engine's stream of container deaths broke.")]
    private partial void LogWatchBroken(Exception error);
}
