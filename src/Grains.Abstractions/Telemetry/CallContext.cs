using System.Diagnostics;

namespace Podflare.Telemetry;

/// <summary>
/// The trace of a grain call, in Orleans' RequestContext under the names that Orleans itself uses. It is there whether the trace is
/// sampled or not and whether anybody listens or not, and flows on to every call that the callee makes.
/// </summary>
public static class CallContext
{
    private const string TraceParentKey = "traceparent";
    private const string TraceStateKey = "tracestate";

    // Set where the caller has sent no context: then the trace was begun by ourselves, and a sandbox's own one counts for more.
    private const string OursKey = "podflare.trace.ours";

    /// <summary>Sets what the calls from here on carry.</summary>
    /// <param name="span">The current span.</param>
    /// <param name="caller">The caller's trace, which the span is part of; null when the trace begins here.</param>
    public static void Set(string span, TraceBinding? caller)
    {
        RequestContext.Set(TraceParentKey, span);
        if (caller?.TraceState is { } state) RequestContext.Set(TraceStateKey, state);
        else RequestContext.Remove(TraceStateKey);
        if (caller is null) RequestContext.Set(OursKey, true);
        else RequestContext.Remove(OursKey);
    }

    /// <summary>Sets the current span, in the same trace.</summary>
    public static void SetSpan(string span) => RequestContext.Set(TraceParentKey, span);

    /// <summary>The span of the caller, as a <c>traceparent</c>; null without one.</summary>
    public static string? Span => RequestContext.Get(TraceParentKey) as string;

    /// <summary>Where a span that a call begins belongs.</summary>
    /// <param name="binding">Of the sandbox or run that the call is about.</param>
    /// <returns>The parent; and a link to the caller's span where it is in a trace of its own.</returns>
    public static (ActivityContext Parent, ActivityContext Link) ParentOf(TraceBinding? binding)
    {
        var caller = Span is { } span && ActivityContext.TryParse(span, RequestContext.Get(TraceStateKey) as string, isRemote: true, out var parsed) ? parsed : default;
        var isOurs = caller == default || RequestContext.Get(OursKey) is not null;
        if (binding is null || !isOurs) return (caller, default);
        var own = binding.ToContext();
        return own.TraceId == caller.TraceId ? (caller, default) : (own, caller);
    }
}
