using Podflare.Http;
using Podflare.OpenApi;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Telemetry;

/// <summary>Writes one log line per request when it ends, because only then its trace is known.</summary>
internal sealed partial class RequestLog(IGrainFactory grains, SandboxTraces traces, TimeProvider time, ILogger<RequestLog> logger)
{
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(2);

    public void Begin(HttpContext context, RequestTrace trace)
    {
        if (!logger.IsEnabled(LogLevel.Information) || TelemetryHosting.IsQuiet(context.Request.Path.Value)) return;
        var call = new LogCall(context.TraceIdentifier, trace.Caller);
        LogCall.Current = call;
        var began = time.GetTimestamp();
        context.Response.OnCompleted(() => EndAsync(context, call, began));
    }

    private async Task EndAsync(HttpContext context, LogCall call, long began)
    {
        var took = time.GetElapsedTime(began).TotalMilliseconds;
        call.Sandbox ??= SandboxId.TryParse(context.Request.RouteValues["id"] as string, null, out var id) ? id.Value : null;
        call.Run ??= context.Request.RouteValues["run"] as string;
        var caller = context.Features.Get<Caller>();
        call.Tenant = caller?.Tenant.Value;
        if (call is { Caller: null, Sandbox: { } sandbox } && caller is not null && context.Response.StatusCode != 404) await FindTraceAsync(sandbox, caller.Tenant);
        call.IsKept = IsKept(context);
        LogCall.Current = call;
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.TrimEnd('/') ?? "(no route)";
        if (call.Sandbox is null) LogAnswered(context.Request.Method, route, context.Response.StatusCode, took);
        else LogAnsweredAbout(context.Request.Method, route, context.Response.StatusCode, took, call.Sandbox);
    }

    // Successful reads change nothing in the sandbox, and refused callers may belong to another tenant.
    private static bool IsKept(HttpContext context) => context.Response.StatusCode switch
    {
        401 or 403 or 404 => false,
        < 400 => !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method),
        _ => true,
    };

    /// <summary>Looks up the trace of a sandbox that was created through another frontend, once.</summary>
    private async Task FindTraceAsync(string sandbox, TenantId tenant)
    {
        if (traces.FindSandbox(sandbox) is not null) return;
        try
        {
            var info = await grains.GetGrain<ISandboxGrain>(sandbox).Get(tenant).WaitAsync(LookupTimeout, time);
            traces.Note(info.Id, tenant.Value, info.Trace);
        }
        catch (Exception e) when (e is PodflareException or OrleansException or TimeoutException)
        {
            // The log line then has the trace of the request itself.
        }
    }

    [LoggerMessage(LogLevel.Information, "{Method} {Route} answered {Status} in {Milliseconds:0.0} ms.")]
    private partial void LogAnswered(string method, string route, int status, double milliseconds);

    [LoggerMessage(LogLevel.Information, "{Method} {Route} answered {Status} in {Milliseconds:0.0} ms, sandbox {Sandbox}.")]
    private partial void LogAnsweredAbout(string method, string route, int status, double milliseconds, string sandbox);
}
