using Microsoft.Extensions.Logging;

namespace Podflare;

/// <summary>Reads the trace context for calls outside of any span: from an option, or from the environment.</summary>
internal static partial class TraceParentResolver
{
    /// <summary>Reads an option.</summary>
    /// <exception cref="ArgumentException">The text is not a valid <c>traceparent</c>.</exception>
    public static TraceParent? FromOption(string? text, string name, ILogger logger)
    {
        if (text is null) return null;
        if (!TraceParent.TryParse(text, out var parsed)) throw new ArgumentException("The value is not a valid W3C traceparent.", name);
        if (parsed.WasPadded) LogPadded(logger, name, parsed.Value);
        return parsed;
    }

    /// <summary>Reads the environment. An invalid value there must not break a program, so it is logged and ignored.</summary>
    public static TraceParent? FromEnvironment(string? text, ILogger logger)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (!TraceParent.TryParse(text, out var parsed))
        {
            LogIgnored(logger, ClientEnvironment.TraceParentVariable);
            return null;
        }

        if (parsed.WasPadded) LogPadded(logger, ClientEnvironment.TraceParentVariable, parsed.Value);
        return parsed;
    }

    public static string PaddedWarning(TraceParent padded) => $"the trace ID of traceparent has 64 bits and was padded to {padded.Value}";

    [LoggerMessage(LogLevel.Warning, "The trace ID of {Origin} has 64 bits and was padded to {TraceParent}.")]
    private static partial void LogPadded(ILogger logger, string origin, string traceParent);

    [LoggerMessage(LogLevel.Warning, "{Origin} is not a valid W3C traceparent and is ignored.")]
    private static partial void LogIgnored(ILogger logger, string origin);
}
