namespace Podflare.Files;

internal static partial class FileLog
{
    [LoggerMessage(LogLevel.Information, "A broken file transfer could not be told to its worker.")]
    public static partial void NotClosed(ILogger logger, Exception error);
}
