using System.Text;
using Podflare.Guests;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Telemetry;
using Podflare.Traces;

namespace Podflare.Relay;

/// <summary>
/// Marks what a program has sent with who it is. Ids of traces and spans stay as they came; attributes that say whose they are, are removed wherever
/// they are, and written anew.
/// </summary>
internal static class RelayStamp
{
    private const int MaxServiceName = 64;
    private const string ServiceName = "service.name";
    private const string OfSandbox = "sandbox";

    private static readonly byte[][] Reserved =
    [
        .. new[] { "podflare.", "container.", "host.", "k8s.", "cloud.", "faas.", "deployment.", "service.namespace", "service.instance." }.Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly byte[] ServiceNameKey = Encoding.UTF8.GetBytes(ServiceName);

    /// <summary>Removes what a program must not say of itself, and marks each resource.</summary>
    public static void Resources(OtlpMessage data, SandboxId sandbox, TelemetrySource source)
    {
        Strip(data);
        foreach (ref readonly var value in data.Values)
        {
            if (value.Content is not List<OtlpMessage> groups) continue;
            foreach (var group in groups) MarkResource(group, sandbox, source);
        }
    }

    /// <summary>Marks a span or a log record.</summary>
    public static void Item(OtlpMessage item, RunId run) => item.With(Spans.RunId, run.Value);

    /// <summary>
    /// Places a span without a parent: below the run's own where it is in the run's trace. Where its program has begun a trace of its own, a link shows the
    /// run.
    /// </summary>
    public static void Top(OtlpMessage span, RunSpanContext run)
    {
        if (span.Find("parentSpanId") is not null) return;
        var isOfRun = ((byte[])span.Find("traceId")!).AsSpan().SequenceEqual(run.TraceId);
        if (isOfRun) span.Set("parentSpanId", run.SpanId);
        else if (span.List("links").Count < OtlpLimits.MaxListed) span.Add("links").Set("traceId", run.TraceId).Set("spanId", run.SpanId);
    }

    /// <summary>The span is directly below the run's own.</summary>
    public static bool IsTop(OtlpMessage span, RunSpanContext run) => span.Find("parentSpanId") is not byte[] parent || parent.AsSpan().SequenceEqual(run.SpanId);

    private static void MarkResource(OtlpMessage group, SandboxId sandbox, TelemetrySource source)
    {
        if (group.Find("resource") is not OtlpMessage resource) group.Set("resource", resource = new OtlpMessage(OtlpSchema.Find("Resource")));
        var name = NameOf(resource);
        Remove(resource, resource.Type["attributes"], static key => key.SequenceEqual(ServiceNameKey));
        resource.With(ServiceName, name)
            .With("service.namespace", "podflare.sandbox")
            .With("service.instance.id", sandbox.Value)
            .With(Spans.SandboxId, sandbox.Value)
            .With(Spans.TenantId, source.Tenant)
            .With(Spans.Template, source.Template);
    }

    private static string NameOf(OtlpMessage resource)
    {
        foreach (var attribute in resource.List("attributes"))
        {
            if (!KeyOf(attribute).SequenceEqual(ServiceNameKey) || (attribute.Find("value") as OtlpMessage)?.Find("stringValue") is not byte[] { Length: > 0 } text) continue;
            var name = Encoding.UTF8.GetString(text);
            if (name.Length <= MaxServiceName) return name;
            return char.IsHighSurrogate(name[MaxServiceName - 1]) ? name[..(MaxServiceName - 1)] : name[..MaxServiceName];
        }

        return OfSandbox;
    }

    private static void Strip(OtlpMessage message)
    {
        foreach (ref readonly var value in message.Values)
        {
            if (value.Field is not { TypeName: { } type } field || type == "AnyValue") continue;
            if (type == "KeyValue") Remove(message, field, IsReserved);
            else if (value.Content is OtlpMessage single) Strip(single);
            else if (value.Content is List<OtlpMessage> list) list.ForEach(Strip);
        }
    }

    private static void Remove(OtlpMessage message, OtlpField field, AttributeFilter isRemoved)
    {
        if (message.Find(field) is not List<OtlpMessage> attributes) return;
        attributes.RemoveAll(attribute => isRemoved(KeyOf(attribute)));
        if (attributes.Count == 0) message.Clear(field);
    }

    private static bool IsReserved(ReadOnlySpan<byte> key)
    {
        foreach (var prefix in Reserved)
            if (key.StartsWith(prefix)) return true;
        return false;
    }

    private static ReadOnlySpan<byte> KeyOf(OtlpMessage attribute) => attribute.Find("key") as byte[];

    private delegate bool AttributeFilter(ReadOnlySpan<byte> key);
}
