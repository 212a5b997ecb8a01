using Microsoft.Extensions.Logging;

namespace Podflare.Cli.Output;

/// <summary>Shows the client's warnings on stderr.</summary>
internal sealed class ScreenLogger(Screen screen) : ILogger<PodflareClient>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) screen.Warn(formatter(state, exception));
    }
}
