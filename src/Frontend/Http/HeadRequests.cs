namespace Podflare.Http;

/// <summary>Makes every GET route answer HEAD as well. Kestrel sends no body for it.</summary>
internal static class HeadRequests
{
    public static void AcceptHead(this IEndpointConventionBuilder routes) => routes.Finally(endpoint =>
    {
        for (var i = 0; i < endpoint.Metadata.Count; i++)
        {
            if (endpoint.Metadata[i] is HttpMethodMetadata { HttpMethods: ["GET"] } get) endpoint.Metadata[i] = new HttpMethodMetadata(["GET", "HEAD"], get.AcceptCorsPreflight);
        }
    });
}
