using System.Diagnostics;

namespace Podflare.Telemetry;

/// <summary>The caller's place in a distributed trace, to which a sandbox or a run belongs for all its life.</summary>
/// <param name="TraceParent">The upstream span: a valid <c>traceparent</c> of version 00.</param>
/// <param name="TraceState">Checked, at most 512 characters; null for none.</param>
/// <param name="Baggage">As it came, at most 8192 bytes; never logged. Null for none.</param>
/// <param name="Padded">The caller's trace id had 64 bits.</param>
[GenerateSerializer, Immutable, Alias("podflare.TraceBinding")]
public sealed record TraceBinding(
    [property: Id(0)] string TraceParent,
    [property: Id(1)] string? TraceState = null,
    [property: Id(2)] string? Baggage = null,
    [property: Id(3)] bool Padded = false)
{
    /// <summary>32 hex digits.</summary>
    public ReadOnlySpan<char> GetTraceId() => TraceParent.AsSpan(3, 32);

    /// <summary>The upstream span's 16 hex digits.</summary>
    public ReadOnlySpan<char> GetSpanId() => TraceParent.AsSpan(36, 16);

    /// <summary>As the parent of a span: remote, so that a parent that was not sampled still gives its child the right ids.</summary>
    public ActivityContext ToContext()
    {
        var parent = Podflare.TraceParent.Parse(TraceParent).ToContext();
        return new ActivityContext(parent.TraceId, parent.SpanId, parent.TraceFlags, TraceState, isRemote: true);
    }
}
