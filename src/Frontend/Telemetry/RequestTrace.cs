using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Podflare.Http;

namespace Podflare.Telemetry;

/// <summary>The trace context of a request.</summary>
/// <param name="Caller">The trace context in the caller's headers; null without a valid <c>traceparent</c>.</param>
/// <param name="Span">The server span, as a <c>traceparent</c>.</param>
/// <param name="IsExported">Spans of this process are exported, and thus sampled or not.</param>
internal sealed record RequestTrace(TraceBinding? Caller, string Span, bool IsExported)
{
    public const string TraceParentHeader = "traceparent";
    public const string TraceStateHeader = "tracestate";
    private const string BaggageHeader = "baggage";
    private const string SampledFlag = "01";

    /// <summary>
    /// The trace of a new sandbox whose request does not name one. Where nobody has decided against sampling, it is sampled: SDKs in the sandbox would otherwise
    /// keep their spans from the records of runs.
    /// </summary>
    public TraceBinding Binding => Caller ?? new TraceBinding(IsExported ? Span : string.Concat(Span.AsSpan(0, Span.Length - SampledFlag.Length), SampledFlag));

    /// <summary>The trace context of a request that passed <see cref="TraceMiddleware"/>.</summary>
    public static RequestTrace Of(HttpContext context) => context.Features.GetRequiredFeature<RequestTrace>();

    /// <summary>The request found a run that an earlier one has started: its server span says so, and there is no second span of the run.</summary>
    public static void MarkReplayed(HttpContext context) => context.Features.Get<IHttpActivityFeature>()?.Activity.SetTag("podflare.run.replayed", true);

    /// <summary>Reads the headers and the current activity.</summary>
    public static RequestTrace Read(HttpContext context, bool isExported)
    {
        var headers = context.Request.Headers;
        var caller = headers[TraceParentHeader] is [{ } text] && TraceParent.TryParse(text, out var parent)
            ? new TraceBinding(parent.Value, TraceStateList.Read([.. headers[TraceStateHeader]]), BaggageList.Read([.. headers[BaggageHeader]]), parent.WasPadded)
            : null;
        return new RequestTrace(caller, Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } ? id : NewSpan(caller), isExported);
    }

    // Activities are switched off. The request gets ids all the same.
    private static string NewSpan(TraceBinding? caller) =>
        $"00-{(caller is null ? ActivityTraceId.CreateRandom().ToHexString() : caller.GetTraceId())}-{ActivitySpanId.CreateRandom().ToHexString()}-00";
}
