using Microsoft.Extensions.Logging;

namespace Podflare;

/// <summary>The context that calls outside of any span belong to: the client's option, else the environment's.</summary>
internal static partial class TraceChoice
{
    /// <summary>Reads an option.</summary>
    /// <exception cref="ArgumentException">The text is not a valid <c>traceparent</c>.</exception>
    public static TraceParent? OfOption(string? text, string name, ILogger logger)
    {
        if (text is null) return null;
        if (!TraceParent.TryParse(text, out var parsed)) throw new ArgumentException("This is not a valid W3C traceparent.", name);
        if (parsed.WasPadded) LogPadded(logger, name, parsed.Value);
        return parsed;
    }

    /// <summary>Reads the environment, which must not break a program: an invalid value is told and ignored.</summary>
    public static TraceParent? OfEnvironment(string? text, ILogger logger)
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

    public static string PaddedWarning(TraceParent padded) => $"the trace id of traceparent has 64 bits; it was padded to {padded.Value}";

    [LoggerMessage(LogLevel.Warning, "The trace id of {Origin} has 64 bits; it was padded to {TraceParent}.")]
    private static partial void LogPadded(ILogger logger, string origin, string traceParent);

    [LoggerMessage(LogLevel.Warning, "{Origin} is not a valid W3C traceparent and is ignored.")]
    private static partial void LogIgnored(ILogger logger, string origin);
}
