using System.Net;
using Podflare.Hosting;
using Podflare.Hosts;
using Podflare.Processes;

namespace Podflare.Workers;

/// <summary>The worker's small HTTP listener: is the process alive, does its host take sandboxes.</summary>
internal static class WorkerHealth
{
    /// <summary>Address of the listener, <c>ip:port</c>. Default: 127.0.0.1:7080.</summary>
    private const string AddressKey = "PODFLARE_HEALTH_ADDR";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public static void AddWorkerHealth(this WebApplicationBuilder builder)
    {
        var text = builder.Configuration[AddressKey] ?? "127.0.0.1:7080";
        if (!IPEndPoint.TryParse(text, out var address) || address.Port == 0) throw new StartUpException($"{AddressKey} must be ip:port, not '{text}'.");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address));
    }

    public static void MapWorkerHealth(this WebApplication app)
    {
        app.MapGet("/livez", () => Results.Text("ok"));
        app.MapGet("/readyz", IsReadyAsync);
    }

    private static async Task<IResult> IsReadyAsync(LocalHost host, MembershipWatch membership, IGrainFactory grains, TimeProvider time)
    {
        if (!membership.IsMember) return NotReady("the cluster does not know this silo");
        try
        {
            var load = await grains.GetGrain<IHostGrain>(host.Id!).Load().WaitAsync(Limit, time);
            if (load.Problem is { } problem) return NotReady(problem);
            if (load is { Draining: false, Slots: > 0 }) return Results.Text("ok");
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            // The silo is on its way in or out.
        }

        return NotReady("the host is starting or stopping");
    }

    private static IResult NotReady(string why) => Results.Text($"not ready: {why}", statusCode: StatusCodes.Status503ServiceUnavailable);
}
