using System.Diagnostics;
using System.Text.Json.Serialization;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>A run's place in its trace, as it is stored: whoever takes the run over goes on with the same span.</summary>
/// <param name="TraceParent">The upstream span.</param>
/// <param name="Parent">The span that the run's one is below; null where that is the upstream one.</param>
/// <param name="Span">The run's own span, where it is recorded.</param>
/// <param name="InTool">The parent already is the call of a tool, so the run is not counted as a second one. Null for no.</param>
public sealed record RunTrace(string TraceParent, string? TraceState = null, string? Baggage = null, string? Parent = null, string? Span = null, bool? InTool = null)
{
    /// <summary>The name of the run's span.</summary>
    [JsonIgnore]
    public string SpanName => InTool == true ? Spans.RunInTool : Spans.Run;

    /// <summary>The tags of the run's span that count it as the call of a tool.</summary>
    [JsonIgnore]
    public IReadOnlyList<KeyValuePair<string, object?>> SpanTags => InTool == true ? [] : Spans.ToolCall;

    /// <summary>What the user's code gets as its parent: the run's span if it is recorded, else the upstream one, so that "not sampled" stays so.</summary>
    public string ForCode => Span ?? TraceParent;

    public TraceBinding ToBinding() => new(TraceParent, TraceState, Baggage);

    public ActivityContext ToParent() => new TraceBinding(Parent ?? TraceParent, TraceState).ToContext();

    /// <summary>The request's own trace, else its sandbox's, else that of the call.</summary>
    public static RunTrace? Of(RunRequest request, TraceBinding? sandbox)
    {
        if (request.Trace is { } own) return new RunTrace(own.TraceParent, own.TraceState, own.Baggage, request.Span, InTool: request.IsInToolSpan ? true : null);
        if (sandbox is not null) return new RunTrace(sandbox.TraceParent, sandbox.TraceState, sandbox.Baggage);
        return request.Span is { } span ? new RunTrace(span) : null;
    }
}
