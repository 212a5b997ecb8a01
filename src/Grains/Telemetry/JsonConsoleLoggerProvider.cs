using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Podflare.Telemetry;

/// <summary>Logs to the console as JSON lines. What is set for .NET's own console logger, as <c>Logging:Console:LogLevel</c>, counts for it.</summary>
[ProviderAlias("Console")]
internal sealed class JsonConsoleLoggerProvider : ILoggerProvider
{
    private readonly JsonLogFormatter _lines;
    private readonly LogLineWriter _writer;

    public JsonConsoleLoggerProvider(SandboxTraces traces, IOptions<LogLineOptions> options, TimeProvider time)
    {
        _lines = new JsonLogFormatter(traces, time);
        _writer = new LogLineWriter(Console.OpenStandardOutput(), options.Value, time);
        AppDomain.CurrentDomain.ProcessExit += Flush;
        AppDomain.CurrentDomain.UnhandledException += Flush;
    }

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _lines, _writer);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Flush;
        AppDomain.CurrentDomain.UnhandledException -= Flush;
        _writer.Dispose();
    }

    private void Flush(object? sender, EventArgs e) => _writer.Flush();

    private sealed class Logger(string category, JsonLogFormatter lines, LogLineWriter writer) : ILogger
    {
        // Ids are found in the text; scopes would say nothing more.
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) lines.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter), writer);
        }
    }
}
