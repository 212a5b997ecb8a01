using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Podflare.Processes;

namespace Podflare.Telemetry;

/// <summary>Where logs, spans and metrics of a process go. Nothing leaves it unless an OTLP endpoint is set.</summary>
public static class TelemetryHosting
{
    private static readonly string[] Meters =
    [
        Instruments.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Microsoft.Orleans",
        // What the exporters drop: otel.sdk.processor.*.processed with an error.type.
        "otel.sdk.experimental",
    ];

    private static readonly string[] Quiet = ["/livez", "/readyz", "/metrics", "/v1/healthz", "/compat/podflare/v1/healthz"];

    /// <summary>Whether requests to this path are neither traced nor logged: machines ask for it all the time.</summary>
    public static bool IsQuiet(string? path) => Array.IndexOf(Quiet, path) >= 0;

    /// <summary>Whether spans of this process are exported, and thus sampled or not.</summary>
    public static bool ExportsTraces(IConfiguration settings) => OtlpSignal.Traces.IsExported(settings);

    public static void AddTelemetry(this IHostApplicationBuilder builder, ProcessRole role)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [OtlpSignal.DefaultProtocol] });
        builder.Services.TryAddSingleton<SandboxTraces>();
        AddJsonConsole(builder);
        var settings = builder.Configuration;
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => Name(resource, settings, role));
        var scraped = role is ProcessRole.Worker || MetricsEndpoint.Address(settings) is not null || MetricsEndpoint.IsOnApi(settings);
        if (scraped || OtlpSignal.Metrics.IsExported(settings)) AddMetrics(telemetry, settings);
        if (OtlpSignal.Traces.IsExported(settings)) AddTraces(telemetry, settings);
        if (OtlpSignal.Logs.IsExported(settings)) AddLogs(telemetry, settings);
        builder.Services.AddHostedService<TelemetryStop>();
    }

    // The spans of tools that MCP clients call.
    private const string McpSource = "Experimental.ModelContextProtocol";

    private static void AddJsonConsole(IHostApplicationBuilder builder)
    {
        // Its warnings about slow turns name sandboxes whose trace may not have been read yet, and say nothing that the host's own load does not.
        builder.Logging.AddFilter("Orleans.Runtime.Scheduler.WorkItemGroup", LogLevel.Error);
        builder.Logging.Configure(logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.None);
        if (builder.Configuration["Logging:Console:FormatterName"] is not null) return;
        builder.Services.AddOptions<LogLineOptions>().BindConfiguration(LogLineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        var standard = builder.Services.FirstOrDefault(service => service.ServiceType == typeof(ILoggerProvider) && service.ImplementationType == typeof(ConsoleLoggerProvider));
        if (standard is not null) builder.Services.Remove(standard);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, JsonConsoleLoggerProvider>());
    }

    private static void AddTraces(OpenTelemetry.OpenTelemetryBuilder telemetry, IConfiguration settings)
    {
        // Any other propagator would have the instrumentation read the caller's headers once more, and differently.
        OpenTelemetry.Sdk.SetDefaultTextMapPropagator(new OpenTelemetry.Context.Propagation.TraceContextPropagator());
        telemetry.WithTracing(traces => traces
            .AddSource(Spans.SourceName, McpSource)
            .AddAspNetCoreInstrumentation(http =>
            {
                http.Filter = static context => !IsQuiet(context.Request.Path.Value);
                http.EnrichWithHttpRequest = static (span, request) => HideFileName(span, request.Path.Value);
            })
            .AddOtlpExporter(options => OtlpSignal.Traces.Configure(settings, options)));
    }

    // What users call their files is theirs.
    private static void HideFileName(Activity span, string? path)
    {
        const string Files = "/files/";
        var at = path?.IndexOf(Files, StringComparison.Ordinal) ?? -1;
        if (at >= 0) span.SetTag("url.path", string.Concat(path.AsSpan(0, at + Files.Length), "{path}"));
    }

    private static void AddMetrics(OpenTelemetry.OpenTelemetryBuilder telemetry, IConfiguration settings) =>
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(Meters).SetExemplarFilter(ExemplarFilterType.TraceBased);
            metrics.AddPrometheusExporter();
            if (OtlpSignal.Metrics.IsExported(settings)) metrics.AddOtlpExporter((options, _) => OtlpSignal.Metrics.Configure(settings, options));
        });

    private static void AddLogs(OpenTelemetry.OpenTelemetryBuilder telemetry, IConfiguration settings) =>
        telemetry.WithLogging(
            logs => logs
                .AddProcessor(services => new LogTraces(services.GetRequiredService<SandboxTraces>()))
                .AddOtlpExporter(options => OtlpSignal.Logs.Configure(settings, options)),
            options => options.IncludeFormattedMessage = true);

    private static void Name(ResourceBuilder resource, IConfiguration settings, ProcessRole role)
    {
        var named = settings["OTEL_SERVICE_NAME"] is { Length: > 0 } || settings["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.name=", StringComparison.Ordinal) == true;
        if (named) return;
        resource.AddService(role is ProcessRole.Worker ? "podflare-silo" : "podflare-frontend", serviceVersion: ProductVersion.Text);
    }
}
