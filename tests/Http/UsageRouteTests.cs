using System.Net;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Usage;

namespace Podflare;

public sealed class UsageRouteTests(SharedCluster shared)
{
    private static readonly DateOnly First = new(2026, 11, 28);

    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Usage_is_shown_per_day_and_key_with_its_sum()
    {
        var (tenant, key) = await UseAsync();
        using var client = await _cluster.ClientOfAsync(tenant, "read");

        var report = await (await client.SendAsync("GET", "/v1/usage?from=2026-11-28&to=2026-11-29")).ReadJsonAsync();

        Assert.Equal(["from", "to", "rows", "total", "as_of"], report.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            [
                $$"""{"day":"2026-11-28","key":null,"key_name":null,"sandboxes":1,"sandbox_seconds":1.5,"cpu_seconds":0,"memory_gib_seconds":0.75,"runs":0,"bytes_out":0}""",
                $$"""{"day":"2026-11-28","key":"{{key}}","key_name":"test","sandboxes":0,"sandbox_seconds":0,"cpu_seconds":0.25,"memory_gib_seconds":0,"runs":2,"bytes_out":300}""",
                $$"""{"day":"2026-11-29","key":"{{key}}","key_name":"test","sandboxes":0,"sandbox_seconds":0,"cpu_seconds":0.25,"memory_gib_seconds":0,"runs":2,"bytes_out":300}""",
            ],
            report.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText()));
        Assert.Equal("""{"sandboxes":1,"sandbox_seconds":1.5,"cpu_seconds":0.5,"memory_gib_seconds":0.75,"runs":4,"bytes_out":600}""", report.GetProperty("total").GetRawText());
        Assert.Empty((await (await client.SendAsync("GET", "/v1/usage?from=2026-11-01&to=2026-11-27")).ReadJsonAsync()).GetProperty("rows").EnumerateArray());
    }

    [Fact]
    public async Task Csv_has_the_same_rows_and_no_formula()
    {
        var (tenant, key) = await UseAsync("=1+1,\\\"x\\\"");
        using var client = await _cluster.ClientOfAsync(tenant, "read");

        var response = await client.SendAsync("GET", "/v1/usage?from=2026-11-28&to=2026-11-29&group_by=key&format=csv");

        Assert.Equal("text/csv; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            $"key,key_name,sandboxes,sandbox_seconds,cpu_seconds,memory_gib_seconds,runs,bytes_out\r\n,,1,1.5,0,0.75,0,0\r\n{key},\"'=1+1,\"\"x\"\"\",0,0,0.5,0,4,600\r\n",
            await response.ReadTextAsync());
        client.DefaultRequestHeaders.Add("Accept", "text/csv");
        Assert.StartsWith("day,tenant,sandboxes", await (await client.SendAsync("GET", "/v1/usage?group_by=tenant,day")).ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_tenant_is_for_administrators_alone()
    {
        var (tenant, _) = await UseAsync();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "sandboxes keys");

        var seen = await (await admin.SendAsync("GET", $"/v1/usage?from=2026-11-28&to=2026-11-29&group_by=tenant&tenant={tenant}")).ReadJsonAsync();
        var all = await (await admin.SendAsync("GET", "/v1/usage?from=2026-11-28&to=2026-11-29&group_by=tenant&tenant=*")).ReadJsonAsync();

        Assert.Equal(tenant, Assert.Single(seen.GetProperty("rows").EnumerateArray()).Text("tenant"));
        Assert.Contains(all.GetProperty("rows").EnumerateArray(), row => row.Text("tenant") == tenant);
        await (await other.SendAsync("GET", $"/v1/usage?tenant={tenant}")).AssertProblemAsync(403, "insufficient_scope");
        await (await other.SendAsync("GET", "/v1/usage?tenant=*")).AssertProblemAsync(403, "insufficient_scope");
        await (await admin.SendAsync("GET", "/v1/usage")).AssertProblemAsync(403, "insufficient_scope");
        await (await admin.SendAsync("GET", "/v1/usage?tenant=never-existed")).AssertProblemAsync(404, "tenant_not_found");
    }

    [Theory]
    [InlineData("from=yesterday")]
    [InlineData("from=2026-11-29&to=2026-11-28")]
    [InlineData("from=2025-10-25&to=2026-11-29")]
    [InlineData("group_by=hour")]
    [InlineData("format=xml")]
    public async Task A_wrong_parameter_is_named(string query) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _cluster.Client.SendAsync("GET", $"/v1/usage?{query}")).StatusCode);

    private async Task<(string Tenant, string Key)> UseAsync(string name = "test")
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        var key = (await (await admin.SendAsync("POST", "/v1/keys", $$"""{"name":"{{name}}","tenant":"{{tenant}}","scopes":["sandboxes"]}""")).ReadJsonAsync()).Text("id")!;
        var sandbox = SandboxId.New(Cluster.Host);
        var total = new UsageAmounts(CpuUs: 250_000, Runs: 2, Bytes: 300);
        var created = new UsageAmounts(Sandboxes: 1, SandboxMs: 1_500, MemoryMibMs: 512 * 1_500);
        await _cluster.World.Usage.FoldAsync(new TenantId(tenant), new UsageFold(sandbox, First, false, [new UsageSource(key, total), new UsageSource(null, created)]), CancellationToken.None);
        await _cluster.World.Usage.FoldAsync(new TenantId(tenant), new UsageFold(sandbox, First.AddDays(1), true, [new UsageSource(key, total + total)]), CancellationToken.None);
        return (tenant, key);
    }
}
