using Podflare.Http;

namespace Podflare.Feed;

/// <summary>Lists and follows the events of a tenant.</summary>
internal static class FeedEndpoints
{
    public static IServiceCollection AddFeedEndpoints(this IServiceCollection services) => services.AddSingleton<FeedHandler>();

    // It needs the scope of every GET.
    public static void MapFeed(this RouteGroupBuilder api) => api
        .MapGet("/events", (HttpContext context, Caller caller, FeedHandler feed) => feed.ReplyAsync(context, caller.Tenant))
        .WithMetadata(new DisableRequestDeadline());
}
