using Microsoft.Extensions.Logging;

namespace Podflare;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "A cancelled call could not be undone on the server: {Path}, {Cause}.")]
    public static partial void NotUndone(ILogger logger, string path, string cause);

    [LoggerMessage(LogLevel.Warning, "Sandbox {Sandbox} was not deleted ({Cause}); the server ends it when it has been idle for long enough.")]
    public static partial void NotDeleted(ILogger logger, string sandbox, string cause);

    [LoggerMessage(LogLevel.Debug, "Events of run {Run} broke off after seq {Seq} ({Cause}); resuming.")]
    public static partial void Resuming(ILogger logger, string run, long seq, string cause);
}
