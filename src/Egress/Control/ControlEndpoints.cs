using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;
using Podflare.EgressProxy.Tunnels;

namespace Podflare.EgressProxy.Control;

/// <summary>What the worker can ask of the proxy, over the control socket.</summary>
internal static class ControlEndpoints
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    public static void MapControl(this IEndpointRouteBuilder routes, TunnelTable tunnels)
    {
        routes.MapPut("/sandboxes", ReplaceAsync);
        routes.MapPut("/sandboxes/{address}", SetAsync);
        routes.MapDelete("/sandboxes/{address}", Remove);
        routes.MapGet("/reports", context => ReportAsync(context, tunnels));
    }

    private static async Task ReplaceAsync(HttpContext context)
    {
        var wanted = await context.Request.ReadFromJsonAsync(ProxyJson.Default.IReadOnlyDictionaryStringSandboxAccess, context.RequestAborted);
        Table(context).Replace(wanted!.ToDictionary(pair => IPAddress.Parse(pair.Key), pair => pair.Value));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task SetAsync(HttpContext context)
    {
        var access = await context.Request.ReadFromJsonAsync(ProxyJson.Default.SandboxAccess, context.RequestAborted);
        Table(context).Set(Address(context), access!);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task Remove(HttpContext context)
    {
        Table(context).Remove(Address(context));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Sends reports, one per line, until the worker goes away.</summary>
    private static async Task ReportAsync(HttpContext context, TunnelTable tunnels)
    {
        var reports = context.RequestServices.GetRequiredService<ReportCollector>();
        var interval = TimeSpan.FromSeconds(context.RequestServices.GetRequiredService<ProxyOptions>().ReportSeconds);
        using var timer = new PeriodicTimer(interval, context.RequestServices.GetRequiredService<TimeProvider>());
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        while (await timer.WaitForNextTickAsync(context.RequestAborted))
        {
            tunnels.Check();
            foreach (var report in reports.Take())
            {
                await JsonSerializer.SerializeAsync(context.Response.Body, report, ProxyJson.Default.ConnectionReport, context.RequestAborted);
                await context.Response.Body.WriteAsync(NewLine, context.RequestAborted);
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static SandboxTable Table(HttpContext context) => context.RequestServices.GetRequiredService<SandboxTable>();

    private static IPAddress Address(HttpContext context) => IPAddress.Parse((string)context.Request.RouteValues["address"]!);
}
