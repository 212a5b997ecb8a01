namespace Podflare.Http;

/// <summary>A feature that is set on each connection of the admin listener.</summary>
internal sealed class AdminListener;

/// <summary>Endpoint metadata that says on which listeners the endpoint exists. Without it, the endpoint exists on the public listener only.</summary>
internal sealed record Listener(bool Page, bool Admin);

internal static class Listeners
{
    public static TBuilder On<TBuilder>(this TBuilder builder, bool page, bool admin) where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new Listener(page, admin)));
        return builder;
    }

    /// <summary>Responds with 404 to a request for an endpoint of the other listener.</summary>
    public static void UseListeners(this WebApplication app) => app.Use(async (context, next) =>
    {
        var listener = context.GetEndpoint()?.Metadata.GetMetadata<Listener>() ?? new Listener(Page: true, Admin: false);
        var isAdmin = context.Features.Get<AdminListener>() is not null;
        if (context.GetEndpoint() is not null && !(isAdmin ? listener.Admin : listener.Page)) context.SetEndpoint(null);
        await next(context);
    });

    public static bool IsAdmin(this HttpContext context) => context.Features.Get<AdminListener>() is not null;
}
