using Microsoft.Extensions.Logging;

namespace Podflare;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "{Method} {Path} failed: {Cause} Retrying in {Milliseconds} ms (retry {Retry} of {MaxRetries}).")]
    public static partial void Retrying(ILogger logger, string method, string path, string cause, long milliseconds, int retry, int maxRetries);

    [LoggerMessage(LogLevel.Information, "The event stream of run {Run} was interrupted after seq {Seq}: {Cause} Resuming in {Milliseconds} ms (attempt {Attempt} of {MaxResumes}).")]
    public static partial void Resuming(ILogger logger, string run, long seq, string cause, long milliseconds, int attempt, int maxResumes);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox}: {Warning}")]
    public static partial void SandboxWarning(ILogger logger, string sandbox, string warning);

    [LoggerMessage(LogLevel.Warning, "Run {Run}: {Warning}")]
    public static partial void RunWarning(ILogger logger, string run, string warning);

    [LoggerMessage(LogLevel.Warning, "The call was canceled before the server answered. If the server created a sandbox, it ends after its idle timeout. ({Cause})")]
    public static partial void CreateNotUndone(ILogger logger, string cause);

    [LoggerMessage(LogLevel.Warning, "The call was canceled before the server answered. If the server started the code, it may still be running. ({Cause})")]
    public static partial void ExecNotUndone(ILogger logger, string cause);

    [LoggerMessage(LogLevel.Warning, "Run {Run} could not be interrupted after its call was canceled, and may still be running. ({Cause})")]
    public static partial void NotInterrupted(ILogger logger, string run, string cause);

    [LoggerMessage(LogLevel.Warning, "The tool call {Call} of run {Run} was not answered. ({Cause})")]
    public static partial void ToolNotAnswered(ILogger logger, string run, string call, string cause);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} could not be deleted, and ends after its idle timeout. ({Cause})")]
    public static partial void NotDeleted(ILogger logger, string sandbox, string cause);
}
