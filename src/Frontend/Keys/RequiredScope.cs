namespace Podflare.Keys;

/// <summary>Endpoint metadata: callers need these scopes, all of them; with <see cref="KeyScopes.None"/> any valid key.</summary>
internal sealed record RequiredScope(KeyScopes Scopes);

/// <summary>Endpoint metadata: no API key is needed.</summary>
internal sealed class AllowAnonymous;

/// <summary>Endpoint metadata: tokens of the identity provider must name this audience instead of the configured one.</summary>
internal sealed record TokenAudience(string Value);

/// <summary>Which scope endpoints need.</summary>
internal static class ScopeExtensions
{
    /// <summary>Callers need this scope. The last declaration of an endpoint and its groups wins, so that of the endpoint.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoints, KeyScopes scope)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new RequiredScope(scope));

    /// <summary>
    /// Endpoints about sandboxes: GET needs <c>read</c>, every other method <c>sandboxes</c>. An endpoint that declares its own scope keeps it.
    /// </summary>
    public static TBuilder RequireSandboxScopes<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.Finally(static endpoint =>
        {
            if (endpoint.Metadata.OfType<RequiredScope>().Any() || endpoint.Metadata.OfType<AllowAnonymous>().Any()) return;
            var isRead = endpoint.Metadata.OfType<HttpMethodMetadata>().LastOrDefault()?.HttpMethods.All(static method => HttpMethods.IsGet(method) || HttpMethods.IsHead(method)) == true;
            endpoint.Metadata.Add(new RequiredScope(isRead ? KeyScopes.Read : KeyScopes.Sandboxes));
        });
        return endpoints;
    }
}
