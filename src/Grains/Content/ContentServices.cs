using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Podflare.Content;

public static class ContentServices
{
    /// <summary>Adds what is done to the code and output of runs before they are sent, and the options. An <see cref="IContentFilter"/> that is registered before takes the place of ours.</summary>
    public static IServiceCollection AddContent(this IServiceCollection services)
    {
        services.AddOptions<ContentOptions>().BindConfiguration(ContentOptions.Section).ValidateDataAnnotations()
            .Validate(static options => options.HasPatterns, $"{ContentOptions.Section}:{nameof(ContentOptions.Patterns)} must be regular expressions that need no backtracking.").ValidateOnStart();
        services.TryAddSingleton<IContentFilter, ContentFilter>();
        services.TryAddSingleton<ContentBudget>();
        services.TryAddSingleton<ContentRenderer>();
        return services;
    }
}
