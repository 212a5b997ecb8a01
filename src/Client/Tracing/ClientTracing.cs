using System.Diagnostics;

namespace Podflare;

/// <summary>The client's spans.</summary>
/// <example>
/// <code>
/// builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(ClientTracing.SourceName));
/// </code>
/// </example>
public static class ClientTracing
{
    /// <summary>The name of the <see cref="ActivitySource"/>. Pass it to <c>AddSource</c> to collect the client's spans.</summary>
    public const string SourceName = "Podflare.Client";

    internal const string CreateSpan = "podflare.client.sandbox.create";
    internal const string RunSpan = "podflare.client.run";
    internal const string SandboxId = "podflare.sandbox.id";
    internal const string RunId = "podflare.run.id";
    internal const string Language = "podflare.code.language";
    internal const string ExitCode = "process.exit.code";
    internal const string Reason = "podflare.run.reason";

    private static readonly ActivitySource Source = new(SourceName, typeof(ClientTracing).Assembly.GetName().Version?.ToString(3));

    /// <summary>
    /// Starts a span as a child of the current span, or of the given context if there is none. It does not stay current, because an iterator
    /// returns to its caller between events; each request makes it current for itself.
    /// </summary>
    internal static Activity? Start(string name, TraceParent? fallback)
    {
        var current = Activity.Current;
        var span = current is null && fallback is { } parent
            ? Source.StartActivity(name, ActivityKind.Internal, parent.ToContext())
            : Source.StartActivity(name);
        Activity.Current = current;
        return span;
    }

    /// <summary>Starts the span of a tool that code calls, as a child of the run's span, and makes it current. Nothing is current that was not before where nobody listens.</summary>
    internal static Activity? StartTool(string name, string? traceParent)
    {
        var parent = ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;
        var span = Source.StartActivity($"execute_tool {name}", ActivityKind.Internal, parent);
        span?.SetTag("gen_ai.operation.name", "execute_tool");
        span?.SetTag("gen_ai.tool.name", name);
        return span;
    }

    internal static void Fail(this Activity? span, Exception e)
    {
        span?.SetTag("error.type", e is PodflareApiException { Code: var code } ? code : e.GetType().Name);
        span?.SetStatus(ActivityStatusCode.Error);
    }
}
