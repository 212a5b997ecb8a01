using System.Diagnostics;

namespace Podflare;

/// <summary>The client's spans and their attributes.</summary>
public static class ClientTracing
{
    /// <summary>Name of the <see cref="ActivitySource"/>; hand it to <c>AddSource</c> to see the client's spans.</summary>
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
    /// Starts a span below the current one, else below the chosen context. It is not left current: an iterator hands control back to its
    /// caller between events, and each request makes it current for itself.
    /// </summary>
    internal static Activity? Start(string name, TraceParent? chosen)
    {
        var current = Activity.Current;
        var span = current is null && chosen is { } parent
            ? Source.StartActivity(name, ActivityKind.Internal, parent.ToContext())
            : Source.StartActivity(name);
        Activity.Current = current;
        return span;
    }

    internal static void Fail(this Activity? span, Exception e)
    {
        span?.SetTag("error.type", e is PodflareApiException { Code: var code } ? code : e.GetType().Name);
        span?.SetStatus(ActivityStatusCode.Error);
    }
}
