using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.Health;

/// <summary>Liveness and readiness. No API key is needed.</summary>
internal static class HealthEndpoints
{
    public static IServiceCollection AddHealth(this IServiceCollection services) => services.AddSingleton<Readiness>();

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/livez", Ok).WithMetadata(new AllowAnonymous());
        routes.MapGet("/readyz", Ready).WithMetadata(new AllowAnonymous());
    }

    public static void MapHealthz(this IEndpointRouteBuilder routes, Mount mount) =>
        routes.MapGet($"{mount.Prefix}/v1/healthz", Ok).WithMetadata(new AllowAnonymous());

    private static ContentHttpResult Ok() => TypedResults.Text("ok");

    private static ContentHttpResult Ready(Readiness readiness) => readiness.FindProblem() is { } obstacle ? throw new ProblemException(obstacle) : Ok();
}
