using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace Podflare.Telemetry;

/// <summary>One kind of telemetry as OpenTelemetry's variables configure its export: those of the kind win over those for all.</summary>
/// <remarks>OpenTelemetry, "OTLP Exporter Configuration". The library reads the general ones, and with a signal of its own only those.</remarks>
internal sealed record OtlpSignal(string Name)
{
    public static readonly OtlpSignal Traces = new("TRACES");
    public static readonly OtlpSignal Metrics = new("METRICS");
    public static readonly OtlpSignal Logs = new("LOGS");

    /// <summary>Where the general variable does not say: most hosted backends refuse gRPC.</summary>
    public static readonly KeyValuePair<string, string?> DefaultProtocol = new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");

    /// <summary>Somebody has named an endpoint, and switched neither this kind nor all of it off.</summary>
    public bool IsExported(IConfiguration settings) =>
        !string.Equals(settings["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(settings[$"OTEL_{Name}_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase)
        && !string.IsNullOrWhiteSpace(Own(settings, "ENDPOINT") ?? settings["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    public void Configure(IConfiguration settings, OtlpExporterOptions options)
    {
        if (Own(settings, "PROTOCOL") is { } protocol) options.Protocol = protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        if (Own(settings, "HEADERS") is { } headers) options.Headers = headers;
        if (Own(settings, "TIMEOUT") is { } timeout && int.TryParse(timeout, out var milliseconds)) options.TimeoutMilliseconds = milliseconds;
        if (Own(settings, "COMPRESSION") is { } compression) options.Compression = compression == "gzip" ? OtlpExportCompression.GZip : OtlpExportCompression.None;
        if (Own(settings, "ENDPOINT") is { } endpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out var address)) options.Endpoint = address;
    }

    /// <summary>Its endpoint speaks gRPC.</summary>
    public bool UsesGrpc(IConfiguration settings) => (Own(settings, "PROTOCOL") ?? settings["OTEL_EXPORTER_OTLP_PROTOCOL"]) == "grpc";

    /// <summary>The address to which HTTP requests go; null where it is not a valid one.</summary>
    public Uri? Address(IConfiguration settings)
    {
        if (Own(settings, "ENDPOINT") is { } own) return Parse(own);
        var general = settings["OTEL_EXPORTER_OTLP_ENDPOINT"]?.TrimEnd('/');
        return string.IsNullOrWhiteSpace(general) ? null : Parse($"{general}/v1/{Name.ToLowerInvariant()}");
    }

    /// <summary>The headers of its requests.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers(IConfiguration settings)
    {
        List<KeyValuePair<string, string>> headers = [];
        foreach (var pair in (Own(settings, "HEADERS") ?? settings["OTEL_EXPORTER_OTLP_HEADERS"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (pair.Split('=', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } name, var value]) headers.Add(new(name, Uri.UnescapeDataString(value)));
        }

        return headers;
    }

    private static Uri? Parse(string address) => Uri.TryCreate(address, UriKind.Absolute, out var parsed) && parsed.Scheme is ("http" or "https") ? parsed : null;

    private string? Own(IConfiguration settings, string option) => settings[$"OTEL_EXPORTER_OTLP_{Name}_{option}"] is { Length: > 0 } value ? value : null;
}
