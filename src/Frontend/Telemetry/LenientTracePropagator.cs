using System.Diagnostics;

namespace Podflare.Telemetry;

/// <summary>
/// Reads the caller's trace context with our own parser, before ASP.NET Core creates the server span. Published clients send trace ids
/// of 64 bits, which the built-in parser rejects, and it accepts some values that the W3C specification calls invalid.
/// </summary>
internal sealed class LenientTracePropagator : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields { get; } = [RequestTrace.TraceParentHeader, RequestTrace.TraceStateHeader];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (setter is null || activity is not { IdFormat: ActivityIdFormat.W3C, Id: { } id }) return;
        setter(carrier, RequestTrace.TraceParentHeader, id);
        // Unchanged: the built-in propagator truncates it to 256 characters, and the specification requires at least 512.
        if (activity.TraceStateString is { Length: > 0 } state) setter(carrier, RequestTrace.TraceStateHeader, state);
    }

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        (traceId, traceState) = (null, null);
        if (getter is null || !TraceParent.TryParse(Single(carrier, getter, RequestTrace.TraceParentHeader), out var parent)) return;
        traceId = parent.Value;
        getter(carrier, RequestTrace.TraceStateHeader, out var value, out var values);
        traceState = values is null ? TraceStateList.Read(value) : TraceStateList.Read([.. values]);
    }

    // Baggage is passed on unchanged (see TraceBinding). Decoded, it would be added to spans.
    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;

    private static string? Single(object? carrier, PropagatorGetterCallback getter, string name)
    {
        getter(carrier, name, out var value, out var values);
        if (values is null) return value;
        using var each = values.GetEnumerator();
        var first = each.MoveNext() ? each.Current : null;
        return each.MoveNext() ? null : first;
    }
}
