using System.Diagnostics;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Podflare.Mcp;

/// <summary>One call of a tool: its arguments and what its <c>_meta</c> says.</summary>
internal sealed class ToolCall(RequestContext<CallToolRequestParams> request, McpSettings settings)
{
    private const string IdempotencyKeyField = "dev.podflare/idempotency-key";
    private const string SdkSource = "Experimental.ModelContextProtocol";
    private const int MaxKey = 255;

    public ToolArguments Arguments { get; } = new(request.Params?.Arguments, settings);

    /// <summary>The key of a caller that repeats its call; null for none.</summary>
    /// <exception cref="RefusedException">It is not a key.</exception>
    public string? IdempotencyKey => Meta(IdempotencyKeyField) switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var key) && key.Length is > 0 and <= MaxKey && key.All(c => c is > ' ' and <= '~') => key,
        _ => throw RefusedException.Invalid($"_meta.{IdempotencyKeyField}", $"must be 1 to {MaxKey} visible ASCII characters"),
    };

    /// <summary>The span of the call, which is a child of what <c>_meta</c> names; without a listener, what <c>_meta</c> names.</summary>
    public CallTrace? Trace
    {
        get
        {
            if (Activity.Current is { Source.Name: SdkSource, Id: { } id } span) return new CallTrace(id, span.TraceStateString, IsToolSpan: true);
            return Text("traceparent") is { } parent ? new CallTrace(parent, Text("tracestate"), IsToolSpan: false) : null;
        }
    }

    /// <summary>Sends progress; null where nobody asks for it.</summary>
    public Func<ProgressNotificationValue, CancellationToken, Task>? Progress => request.Params?.ProgressToken is { } token
        ? (value, cancellationToken) => request.Server.NotifyProgressAsync(token, value, cancellationToken: cancellationToken)
        : null;

    private string? Text(string field) => Meta(field) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private JsonNode? Meta(string field) => request.Params?.Meta?[field];
}
