using Microsoft.Extensions.Logging;

namespace Podflare.NetSdk.Scripted;

/// <summary>A logger that keeps its lines.</summary>
internal sealed class LogRecorder : ILogger<PodflareClient>
{
    public List<string> Lines { get; } = [];

    public List<string> Warnings { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Add(formatter(state, exception));
        if (logLevel >= LogLevel.Warning) Warnings.Add(Lines[^1]);
    }
}
