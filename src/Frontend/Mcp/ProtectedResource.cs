using System.Text.Json.Serialization;
using Podflare.Http;
using Podflare.Oidc;
using Podflare.Processes;

namespace Podflare.Mcp;

/// <summary>The MCP server as a resource that authorization servers give tokens for (RFC 9728).</summary>
/// <param name="Address">The public address of the server, which is the audience of the tokens.</param>
internal sealed record ProtectedResource(string Address, string MetadataAddress, IReadOnlyList<string> Servers, string ScopePrefix)
{
    public const string WellKnown = "/.well-known/oauth-protected-resource";

    public string Challenge => $"Bearer resource_metadata=\"{MetadataAddress}\"";

    /// <returns>Null where no authorization server is named.</returns>
    /// <exception cref="StartUpException">What they need is not configured.</exception>
    public static ProtectedResource? Find(McpOptions options, IConfiguration configuration, ServerSettings settings)
    {
        if (options.AuthorizationServers.Count == 0) return null;
        const string Option = $"{McpOptions.Section}:{nameof(McpOptions.AuthorizationServers)}";
        if (settings.PublicUrl is not { } url) throw new StartUpException($"{Option} needs PODFLARE_PUBLIC_URL, because clients compare it with the address that they use.");
        if (string.IsNullOrWhiteSpace(configuration[OidcOptions.AuthorityKey])) throw new StartUpException($"{Option} needs {OidcOptions.AuthorityKey}, which checks the tokens.");
        var address = new Uri(url + options.Path);
        var prefix = configuration.GetSection(OidcOptions.Section).Get<OidcOptions>()!.ScopePrefix;
        return new ProtectedResource(address.ToString(), $"{address.GetLeftPart(UriPartial.Authority)}{WellKnown}{address.AbsolutePath}", options.AuthorizationServers, prefix);
    }

    public ProtectedResourceJson ToJson() => new(Address, Servers, ["header"], [$"{ScopePrefix}read", $"{ScopePrefix}sandboxes"], "Podflare");
}

/// <summary>The metadata of the resource.</summary>
internal sealed record ProtectedResourceJson(string Resource, IReadOnlyList<string> AuthorizationServers, IReadOnlyList<string> BearerMethodsSupported, IReadOnlyList<string> ScopesSupported, string ResourceName);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProtectedResourceJson))]
internal sealed partial class ProtectedResourceJsonContext : JsonSerializerContext;
