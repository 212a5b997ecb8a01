using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Podflare.Cli.Output;

/// <summary>Shows the SDK's warnings on stderr.</summary>
internal sealed class ScreenLogger(Screen screen) : ILogger<PodflareClient>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        var text = formatter(state, exception);
        if (!screen.IsJson)
        {
            screen.Warn(text);
            return;
        }

        screen.Err.Write(JsonSerializer.Serialize(new WarningJson(text), CliJson.Default.WarningJson) + "\n");
        screen.Err.Flush();
    }
}
