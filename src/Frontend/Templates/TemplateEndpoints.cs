using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Templates;

/// <summary>Lists the templates that a sandbox can be created from, as this server knows them.</summary>
internal static class TemplateEndpoints
{
    public static void MapTemplates(this RouteGroupBuilder api) => api.MapGet("/templates", List);

    private static JsonHttpResult<TemplateListJson> List(IOptions<TemplateOptions> templates, IOptions<CreateOptions> create)
    {
        var byName = templates.Value.OrderBy(template => template.Key, StringComparer.Ordinal);
        return TypedResults.Json(
            new TemplateListJson([.. byName.Select(template => TemplateJson.Of(template.Key, template.Value, template.Key == create.Value.DefaultTemplate))]),
            TemplateJsonContext.Default.TemplateListJson);
    }
}
