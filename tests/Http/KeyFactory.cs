using System.Text.Json;

namespace Podflare;

/// <summary>Makes tenants and keys through the API.</summary>
internal static class KeyFactory
{
    /// <summary>Creates a tenant.</summary>
    public static async Task<string> CreateTenantAsync(this Cluster cluster, string? id = null, string more = "")
    {
        id ??= "t-" + Guid.NewGuid().ToString("N")[..12];
        var response = await SendAsync(cluster, "/v1/tenants", $$"""{"id":"{{id}}"{{more}}}""");
        Assert.True((int)response.StatusCode is 201 or 409, await response.ReadTextAsync());
        return id;
    }

    /// <summary>Creates a key of a tenant.</summary>
    /// <returns>Its id and its secret.</returns>
    public static async Task<(string Id, string Secret)> CreateKeyAsync(this Cluster cluster, string tenant, string scopes, string more = "")
    {
        var list = string.Join(',', scopes.Split(' ').Select(scope => $"\"{scope}\""));
        var response = await SendAsync(cluster, "/v1/keys", $$"""{"name":"test","tenant":"{{tenant}}","scopes":[{{list}}]{{more}}}""");
        Assert.True((int)response.StatusCode == 201, await response.ReadTextAsync());
        var key = await response.ReadJsonAsync();
        return (key.GetProperty("id").GetString()!, key.GetProperty("key").GetString()!);
    }

    /// <summary>A client that uses a new key.</summary>
    public static async Task<HttpClient> ClientOfAsync(this Cluster cluster, string tenant, string scopes) =>
        cluster.ClientOf((await cluster.CreateKeyAsync(tenant, scopes)).Secret);

    // On a busy machine the server's short time limit may pass; what was created then exists, or is made again.
    private static async Task<HttpResponseMessage> SendAsync(Cluster cluster, string path, string body)
    {
        using var admin = cluster.ClientOf(Cluster.AdminKey);
        for (var attempt = 1; ; attempt++)
        {
            var response = await admin.SendAsync("POST", path, body);
            if ((int)response.StatusCode != 503 || attempt == 5) return response;
        }
    }

    public static string? Text(this JsonElement json, string name) => json.GetProperty(name).GetString();
}
