using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Http;
using Podflare.OpenApi;

namespace Podflare.Telemetry;

/// <summary>
/// Reads the trace context of a request, adds it to the response and to every grain call that the request makes, and logs the request
/// when it ends.
/// </summary>
internal sealed class TraceMiddleware(RequestDelegate next, RequestLog log, IConfiguration settings)
{
    private readonly bool _isExported = TelemetryHosting.ExportsTraces(settings);

    public async Task InvokeAsync(HttpContext context)
    {
        var trace = RequestTrace.Read(context, _isExported);
        context.Features.Set(trace);
        TraceResponseHeaders.Write(context.Response, trace.Span);
        CallContext.Set(trace.Span, trace.Caller);
        log.Begin(context, trace);
        await next(context);
    }
}

internal static class TraceServices
{
    public static IServiceCollection AddRequestTraces(this IServiceCollection services)
    {
        RequestActivities.EnsureListening();
        services.TryAddSingleton<SandboxTraces>();
        return services.AddSingleton<RequestLog>().AddSingleton<System.Diagnostics.DistributedContextPropagator>(new LenientTracePropagator());
    }
}
