namespace Podflare.Files;

internal static partial class FileLog
{
    [LoggerMessage(LogLevel.Information, "A file transfer that was interrupted could not be closed. The worker undoes it after its own time limit.")]
    public static partial void NotClosed(ILogger logger, Exception error);
}
