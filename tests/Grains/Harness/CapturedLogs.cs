using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Podflare.Harness;

/// <summary>The log lines of a cluster's silos, to assert on and to show when a test has failed.</summary>
public sealed class CapturedLogs
{
    private const int MaxLines = 20_000;

    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>Lines that contain a text.</summary>
    public int Count(string text) => _lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    internal void Clear() => _lines.Clear();

    /// <param name="power">A dead process logs nothing.</param>
    internal sealed class Provider(CapturedLogs logs, string silo, Power power) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Logger(logs, silo, categoryName, power);

        public void Dispose()
        {
        }
    }

    private sealed class Logger(CapturedLogs logs, string silo, string category, Power power) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information && !power.IsOff;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            logs._lines.Enqueue($"{TimeProvider.System.GetUtcNow():mm:ss.fff} {logLevel,-11} {silo} {category}: {formatter(state, exception)}{(exception is null ? "" : $" | {exception}")}");
            while (logs._lines.Count > MaxLines) logs._lines.TryDequeue(out _);
        }
    }
}
