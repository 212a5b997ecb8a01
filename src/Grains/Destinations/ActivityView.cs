using System.Diagnostics;
using System.Globalization;
using Podflare.Otlp;
using Podflare.Processes;
using Podflare.Telemetry;

namespace Podflare.Destinations;

/// <summary>A span of this process as OTLP.</summary>
internal static class ActivityView
{
    private const int Error = 2;
    private const long NanosecondsPerTick = 100;

    /// <summary>The span alone, as OTLP's <c>TracesData</c>.</summary>
    /// <param name="activity">It has ended.</param>
    public static OtlpMessage Of(Activity activity)
    {
        var data = new OtlpMessage(OtlpSchema.Traces);
        var group = data.Add("resourceSpans");
        group.Set("resource", new OtlpMessage(OtlpSchema.Find("Resource")).With("service.name", "podflare-silo").With("service.version", ProductVersion.Text));
        var scope = group.Add("scopeSpans");
        scope.Set("scope", new OtlpMessage(OtlpSchema.Find("InstrumentationScope")).Set("name", activity.Source.Name).Set("version", ProductVersion.Text));
        var span = scope.Add("spans").Set("traceId", Convert.FromHexString(activity.TraceId.ToHexString())).Set("spanId", Convert.FromHexString(activity.SpanId.ToHexString()));
        if (activity.ParentSpanId != default) span.Set("parentSpanId", Convert.FromHexString(activity.ParentSpanId.ToHexString()));
        if (activity.TraceStateString is { Length: > 0 } state) span.Set("traceState", state);
        // OTLP counts the kinds from 1.
        span.Set("name", activity.DisplayName).Set("kind", (long)activity.Kind + 1);
        var from = (activity.StartTimeUtc - DateTime.UnixEpoch).Ticks;
        span.Set("startTimeUnixNano", from * NanosecondsPerTick).Set("endTimeUnixNano", (from + activity.Duration.Ticks) * NanosecondsPerTick);
        foreach (var (key, value) in activity.EnumerateTagObjects()) Add(span, key, value);
        if (activity.Status is ActivityStatusCode.Error) span.Set("status", new OtlpMessage(OtlpSchema.Find("Status")).Set("code", Error));
        return data;
    }

    private static void Add(OtlpMessage span, string key, object? value)
    {
        if (value is bool flag) span.With(key, flag);
        else if (value is int or long) span.With(key, Convert.ToInt64(value, CultureInfo.InvariantCulture));
        else if (value is not null) span.With(key, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
    }
}
