using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Podflare;

/// <summary>Tokens of an identity provider that the test runs.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private readonly ECDsa _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA _rsa = RSA.Create(2048);
    private WebApplication _provider = null!;
    private Cluster _cluster = null!;
    private string _issuer = "";
    private int _keyRequests;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _provider = builder.Build();
        _provider.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, string> { ["issuer"] = _issuer, ["jwks_uri"] = $"{_issuer}/keys" }));
        _provider.MapGet("/keys", () =>
        {
            Interlocked.Increment(ref _keyRequests);
            return Results.Text(JsonSerializer.Serialize(new { keys = new object[] { Public(_rsa), Public(_ecdsa) } }), "application/json");
        });
        await _provider.StartAsync();
        _issuer = _provider.Urls.First();
        _cluster = await Cluster.StartAsync([], ("Podflare:Oidc:Authority", _issuer), ("Podflare:Oidc:Audience", "podflare"));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _provider.DisposeAsync();
        _ecdsa.Dispose();
        _rsa.Dispose();
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task A_token_is_a_caller_of_its_tenant_with_its_scopes(string algorithm)
    {
        var tenant = await _cluster.CreateTenantAsync();
        var sandbox = _cluster.World.Add(new(tenant));
        using var client = _cluster.ClientOf(Token(tenant, "openid podflare:read podflare:nothing", algorithm));

        Assert.Equal(200, (int)(await client.SendAsync("GET", $"/v1/sandboxes/{sandbox}")).StatusCode);
        await (await client.SendAsync("POST", "/v1/sandboxes", "{}")).AssertProblemAsync(403, "insufficient_scope");
        Assert.Equal(tenant, (await (await client.SendAsync("GET", "/v1/tenants/current")).AssertProblemFreeAsync()).Text("id"));
        await (await client.SendAsync("GET", "/v1/keys/current")).AssertProblemAsync(404, "key_not_found");
        Assert.Equal(200, (int)(await _cluster.Client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }

    [Fact]
    public async Task The_provider_is_asked_once_for_many_requests()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var client = _cluster.ClientOf(Token(tenant, "podflare:read"));

        for (var i = 0; i < 20; i++) Assert.Equal(200, (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);

        Assert.Equal(1, _keyRequests);
    }

    [Fact]
    public async Task A_token_that_is_not_right_is_refused()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        var valid = Token(tenant, "podflare:read");
        string[] wrong =
        [
            Token(tenant, "podflare:read", audience: "another"),
            Token(tenant, "podflare:read", issuer: "http://127.0.0.1:1"),
            Token(tenant, "podflare:read", expires: now.AddMinutes(-5)),
            Token(tenant, "podflare:read", key: new ECDsaSecurityKey(stranger) { KeyId = "ec" }, algorithm: "ES256"),
            Token(tenant, "podflare:read", key: new SymmetricSecurityKey(_rsa.ExportSubjectPublicKeyInfo()) { KeyId = "rsa" }, algorithm: "HS256"),
            Unsigned(valid),
            valid[..^4] + "AAAA",
            "a.b.c",
        ];

        foreach (var token in wrong)
        {
            using var client = _cluster.ClientOf(token);
            await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(401, "invalid_api_key");
        }
    }

    [Fact]
    public async Task A_token_needs_a_tenant_that_is_known_and_not_suspended()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var client = _cluster.ClientOf(Token(tenant, "podflare:read"));
        using var unknown = _cluster.ClientOf(Token("never-existed", "podflare:read"));
        using var none = _cluster.ClientOf(Token(null, "podflare:read"));
        Assert.Equal(200, (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);

        await (await unknown.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(403, "insufficient_scope");
        await (await none.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(403, "insufficient_scope");
        await admin.SendAsync("PATCH", $"/v1/tenants/{tenant}", """{"state":"suspended"}""");
        await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(403, "tenant_suspended");
    }

    [Fact]
    public async Task Without_its_provider_a_server_does_not_call_a_token_wrong()
    {
        await _provider.StopAsync(TestContext.Current.CancellationToken);
        using var client = _cluster.ClientOf(Token("acme", "podflare:read"));

        await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(503, "storage_unavailable");
        Assert.Equal(200, (int)(await _cluster.Client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }

    [Fact]
    public async Task An_MCP_client_is_led_to_the_authorization_server_and_its_token_is_for_the_MCP_server_alone()
    {
        await using var cluster = await Cluster.StartAsync(
            [], ("Podflare:Oidc:Authority", _issuer), ("Podflare:Oidc:Audience", "podflare"), ("PODFLARE_PUBLIC_URL", "https://podflare.example.com"), ("Podflare:Mcp:AuthorizationServers:0", _issuer));
        var tenant = await cluster.CreateTenantAsync();
        using var stranger = cluster.ClientOf(null);

        var refused = await new McpPeer(stranger).SendAsync("tools/list", []);
        await refused.AssertProblemAsync(401, "missing_api_key");
        Assert.Equal("Bearer resource_metadata=\"https://podflare.example.com/.well-known/oauth-protected-resource/mcp\"", refused.Header("WWW-Authenticate"));
        Assert.Equal("Bearer", (await stranger.SendAsync("GET", "/v1/sandboxes")).Header("WWW-Authenticate"));
        var metadata = await (await stranger.SendAsync("GET", "/.well-known/oauth-protected-resource/mcp")).ReadJsonAsync();
        Assert.Equal(("https://podflare.example.com/mcp", _issuer), (metadata.Text("resource"), metadata.GetProperty("authorization_servers")[0].GetString()));
        Assert.Equal(["podflare:read", "podflare:sandboxes"], metadata.GetProperty("scopes_supported").EnumerateArray().Select(scope => scope.GetString()));

        using var forMcp = cluster.ClientOf(Token(tenant, "podflare:read", audience: "https://podflare.example.com/mcp"));
        using var forApi = cluster.ClientOf(Token(tenant, "podflare:read"));
        Assert.Equal(200, (int)(await new McpPeer(forMcp).SendAsync("tools/list", [])).StatusCode);
        Assert.Equal(200, (int)(await forApi.SendAsync("GET", "/v1/sandboxes")).StatusCode);
        // In this order, so that what is remembered of a token cannot help.
        await (await new McpPeer(forApi).SendAsync("tools/list", [])).AssertProblemAsync(401, "invalid_api_key");
        await (await forMcp.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(401, "invalid_api_key");
    }

    private string Token(
        string? tenant, string scope, string algorithm = "RS256", string audience = "podflare", string? issuer = null, DateTimeOffset? expires = null, SecurityKey? key = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        List<Claim> claims = [new("sub", "user-1"), new("scope", scope)];
        if (tenant is not null) claims.Add(new Claim("podflare_tenant", tenant));
        key ??= algorithm == "RS256" ? new RsaSecurityKey(_rsa) { KeyId = "rsa" } : new ECDsaSecurityKey(_ecdsa) { KeyId = "ec" };
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? _issuer,
            Audience = audience,
            Subject = new ClaimsIdentity(claims),
            NotBefore = now.AddHours(-1).UtcDateTime,
            IssuedAt = now.AddHours(-1).UtcDateTime,
            Expires = (expires ?? now.AddHours(1)).UtcDateTime,
            SigningCredentials = new SigningCredentials(key, algorithm),
        });
    }

    private static string Unsigned(string token) => $"{Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}")}.{token.Split('.')[1]}.";

    private static object Public(RSA rsa)
    {
        var key = rsa.ExportParameters(false);
        return new { kty = "RSA", kid = "rsa", use = "sig", n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) };
    }

    private static object Public(ECDsa ecdsa)
    {
        var key = ecdsa.ExportParameters(false);
        return new { kty = "EC", kid = "ec", use = "sig", crv = "P-256", x = Base64UrlEncoder.Encode(key.Q.X), y = Base64UrlEncoder.Encode(key.Q.Y) };
    }
}
