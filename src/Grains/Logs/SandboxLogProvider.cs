using Microsoft.Extensions.Logging;
using Podflare.Telemetry;

namespace Podflare.Logs;

/// <summary>Collects the lines about sandboxes: those of our own categories from <see cref="LogLevel.Information"/> on that name one.</summary>
/// <remarks>It has no logger itself, because loggers are made of providers.</remarks>
/// <param name="source">What this process is; null for one that is both.</param>
[ProviderAlias("SandboxLog")]
internal sealed class SandboxLogProvider(SandboxLogBuffer buffer, SandboxTraces traces, TimeProvider time, string? source) : ILoggerProvider
{
    public const string Worker = "worker";
    public const string Frontend = "frontend";

    private const string OwnCategories = "Podflare.";

    // Entries of the audit log name callers and their addresses.
    private const string AuditCategories = "Podflare.Audit.";

    public ILogger CreateLogger(string categoryName) => new Logger(
        categoryName.StartsWith(OwnCategories, StringComparison.Ordinal) && !categoryName.StartsWith(AuditCategories, StringComparison.Ordinal) ? this : null);

    public void Dispose()
    {
    }

    private void Collect(LogLevel level, string message)
    {
        var call = LogCall.Current;
        if (call is { IsKept: false }) return;
        var ids = LogIds.Of(traces, message, exception: null);
        if (ids.Sandbox is not { } sandbox) return;
        var from = source ?? (call is null ? Worker : Frontend);
        buffer.Add(sandbox, new SandboxLogLine(time.GetUtcNow(), NameOf(level), message, from, ids.Run, ids.TraceId));
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "critical",
    };

    private sealed class Logger(SandboxLogProvider? provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => provider is not null && logLevel is >= LogLevel.Information and not LogLevel.None;

        // An exception's text may name anything: only the message counts.
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) provider!.Collect(logLevel, formatter(state, null));
        }
    }
}
