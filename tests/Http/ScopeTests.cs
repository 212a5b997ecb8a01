using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podflare.E2b;
using Podflare.Keys;

namespace Podflare;

/// <summary>Every route × every kind of key.</summary>
public sealed partial class ScopeTests(SharedCluster shared)
{
    private const string Unknown = "sbx_00000001ffffffffffffffffffffffff";
    private const string UnknownKey = "key_ffffffffffffffffffffffff";

    // What documentation promises where the method alone does not say it.
    private static readonly Dictionary<string, KeyScopes> Special = new()
    {
        ["GET /v1/keys/current"] = KeyScopes.None,
        ["GET /v1/tenants/current"] = KeyScopes.None,
        ["GET /v1/usage"] = KeyScopes.Read,
        ["GET /v1/audit"] = KeyScopes.Keys,
        ["GET /v1/hosts"] = KeyScopes.Admin,
        ["POST /v1/hosts/{host}/cordon"] = KeyScopes.Admin,
        ["POST /v1/hosts/{host}/uncordon"] = KeyScopes.Admin,
        ["POST /v1/hosts/{host}/drain"] = KeyScopes.Admin,
        ["POST /mcp/"] = KeyScopes.Read,
        ["GET /metrics"] = KeyScopes.MetricsRead,
    };

    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public void Every_endpoint_declares_its_scope_or_that_it_needs_no_key()
    {
        var undeclared = Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<RequiredScope>() is null && endpoint.Metadata.GetMetadata<AllowAnonymous>() is null);

        Assert.Empty(undeclared.Select(endpoint => endpoint.DisplayName));
    }

    [Fact]
    public async Task Every_route_accepts_the_keys_that_have_its_scope_and_no_others()
    {
        var tenant = await _cluster.CreateTenantAsync();
        Dictionary<string, HttpClient> clients = [];
        foreach (var scope in KeyScopesExtensions.AllNames) clients[scope] = await _cluster.ClientOfAsync(tenant, scope);
        using var stranger = _cluster.ClientOf(null);
        var tried = 0;
        foreach (var (method, path, required) in Routes())
        {
            var address = Fill(path, Unknown, UnknownKey);
            var body = method is "GET" or "HEAD" or "DELETE" ? null : "{}";
            Assert.True((int)(await stranger.SendAsync(method, address, body)).StatusCode == 401, $"{method} {path} without a key");
            foreach (var (name, client) in clients)
            {
                using var response = await client.SendAsync(method, address, body);
                Assert.True(KeyScopes.TryParse(name, out var scope));
                var isScopeRefused = (int)response.StatusCode == 403 && method != "HEAD" && (await response.ReadJsonAsync()).Text("code") == "insufficient_scope";
                var isRefused = method == "HEAD" ? (int)response.StatusCode == 403 : isScopeRefused;
                Assert.True(isRefused == !scope.Allows(required), $"{method} {path} with {name}: {(int)response.StatusCode} {await response.ReadTextAsync()}");
                Assert.True((int)response.StatusCode is not (401 or 500), $"{method} {path} with {name}: {(int)response.StatusCode}");
                if (isScopeRefused) Assert.Equal(required.ToNames(), (await response.ReadJsonAsync()).GetProperty("required_scopes").EnumerateArray().Select(one => one.GetString()!));
                tried++;
            }
        }

        Assert.InRange(tried, 300, 2_000);
        foreach (var client in clients.Values) client.Dispose();
    }

    [Fact]
    public async Task What_belongs_to_another_tenant_looks_as_if_it_had_never_existed()
    {
        var (ours, theirs) = (await _cluster.CreateTenantAsync(), await _cluster.CreateTenantAsync());
        var sandbox = _cluster.World.Add(new(theirs)).Value;
        var (key, _) = await _cluster.CreateKeyAsync(theirs, "sandboxes");
        using var client = await _cluster.ClientOfAsync(ours, "sandboxes keys");
        var tried = 0;
        foreach (var (method, path, _) in Routes().Where(route => route.Method != "HEAD" && (route.Path.Contains("{id}", StringComparison.Ordinal) || route.Path.Contains("{key}", StringComparison.Ordinal))))
        {
            var body = method is "GET" or "DELETE" ? null : "{}";
            using var other = await client.SendAsync(method, Fill(path, sandbox, key), body);
            using var never = await client.SendAsync(method, Fill(path, Unknown, UnknownKey), body);

            Assert.Equal((never.StatusCode, await NormalAsync(never, Unknown, UnknownKey)), (other.StatusCode, await NormalAsync(other, sandbox, key)));
            tried++;
        }

        Assert.InRange(tried, 40, 400);
        using var owner = await _cluster.ClientOfAsync(theirs, "read keys");
        Assert.Equal(200, (int)(await owner.SendAsync("GET", $"/v1/sandboxes/{sandbox}")).StatusCode);
        Assert.Equal(200, (int)(await owner.SendAsync("GET", $"/v1/keys/{key}")).StatusCode);
    }

    private IEnumerable<RouteEndpoint> Endpoints() => _cluster.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private IEnumerable<(string Method, string Path, KeyScopes Required)> Routes() =>
        from endpoint in Endpoints()
        where endpoint.Metadata.GetMetadata<AllowAnonymous>() is null
        let path = endpoint.RoutePattern.RawText!
        // Reached by other paths, with errors of another form; they have tests of their own.
        where !path.StartsWith(E2bTarget.Prefix, StringComparison.Ordinal)
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        select (method, path, Expected(method == "HEAD" ? "GET" : method, path));

    private static KeyScopes Expected(string method, string path) =>
        Special.TryGetValue($"{method} {path}", out var special) ? special
        : path.StartsWith("/v1/keys", StringComparison.Ordinal) ? KeyScopes.Keys
        : path.StartsWith("/v1/webhooks", StringComparison.Ordinal) || path.StartsWith("/v1/telemetry", StringComparison.Ordinal) ? KeyScopes.Keys
        : path.StartsWith("/v1/tenants", StringComparison.Ordinal) ? KeyScopes.Admin
        : method == "GET" ? KeyScopes.Read
        : KeyScopes.Sandboxes;

    private static string Fill(string path, string sandbox, string key) => Parameter().Replace(path, parameter => parameter.Groups[1].Value switch
    {
        "id" or "sandbox" => sandbox,
        "key" => key,
        "run" or "pty" => "run_0123456789abcdef0123456789abcdef",
        "context" => "python",
        "tenant" => "never-existed",
        "webhook" => "whk_ffffffffffffffffffffffff",
        "seq" => "1",
        _ => "x",
    });

    private static async Task<string> NormalAsync(HttpResponseMessage response, string sandbox, string key) =>
        TraceId().Replace((await response.ReadTextAsync()).Replace(sandbox, "SANDBOX", StringComparison.Ordinal).Replace(key, "KEY", StringComparison.Ordinal), "");

    [GeneratedRegex(@"\{\*{0,2}([a-z_]+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("\"trace_id\":\"[0-9a-f]{32}\"")]
    private static partial Regex TraceId();
}
