using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Hosting;
using Podflare.Hosts;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.Health;

/// <summary>Whether the process lives, and whether it can do its work. Without a key.</summary>
internal static class HealthEndpoints
{
    public static IServiceCollection AddHealth(this IServiceCollection services) => services.AddSingleton<Readiness>();

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/livez", Ok).WithMetadata(new OpenToAll());
        routes.MapGet("/readyz", Ready).WithMetadata(new OpenToAll());
    }

    public static void MapAlive(this IEndpointRouteBuilder routes, Mount mount) =>
        routes.MapGet($"{mount.Prefix}/v1/healthz", Ok).WithMetadata(new OpenToAll());

    private static ContentHttpResult Ok() => TypedResults.Text("ok");

    private static ContentHttpResult Ready(Readiness readiness) => readiness.Obstacle() is { } obstacle ? throw new ProblemException(obstacle) : Ok();
}
