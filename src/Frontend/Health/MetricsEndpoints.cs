using Podflare.Keys;
using Podflare.Problems;
using Podflare.Telemetry;

namespace Podflare.Health;

/// <summary>The metrics of this process on the port of the API, for operators who cannot reach another one.</summary>
internal static class MetricsEndpoints
{
    /// <summary>The refusal of a server that does not serve them there, which is the default.</summary>
    public static Problem Refusal { get; } = Problem.NotOffered("/metrics") with { Detail = $"set {MetricsEndpoint.OnApiKey}, or scrape the listener of {MetricsEndpoint.AddressKey}" };

    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var handler = MetricsEndpoint.IsOnApi(services.GetRequiredService<IConfiguration>()) ? MetricsEndpoint.CreateHandler(services) : null;
        routes.MapGet("/metrics", handler ?? Refuse).RequireScope(KeyScopes.MetricsRead);
    }

    private static Task Refuse(HttpContext context) => throw new ProblemException(Refusal);
}
