using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool;

/// <summary>A host that is full, over a real engine.</summary>
public sealed class CapacityTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_full_host_makes_creates_wait_then_refuses_them_and_serves_the_tenant_that_has_waited_least_often_first()
    {
        await using var service = await Service.StartAsync(
            ("Podflare__Hosts__Slots", "3"), ("Podflare__Directory__WaitSeconds", "4"), ("PODFLARE_API_KEYS", "acme:one,umbrella:two"),
            ("Podflare__Templates__default__PoolMin", "2"));
        var first = new List<string>();
        for (var i = 0; i < 3; i++) first.Add((await CreateAsync(service, "one")).Id!);
        var burst = Enumerable.Range(0, 4).Select(_ => CreateAsync(service, "one")).ToArray();
        await Until.TrueAsync(() => Task.FromResult(burst.All(create => !create.IsCompleted)), TimeSpan.FromSeconds(1), "all wait");
        var other = CreateAsync(service, "two");

        // Two places become free: one for each tenant, though one of them has four in line.
        foreach (var sandbox in first.Take(2)) await DeleteAsync(service, "one", sandbox);
        Assert.Equal(HttpStatusCode.OK, (await other).Status);
        var served = await Task.WhenAll(burst);
        Assert.Equal(HttpStatusCode.OK, Assert.Single(served, create => create.Id is not null).Status);
        Assert.All(served.Where(create => create.Id is null), create =>
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "no_capacity", true), (create.Status, create.Code, create.RetryAfter is { } wait && wait > TimeSpan.Zero)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_sandbox_that_computes_for_long_weighs_less_until_it_has_ended_and_keeps_its_limits()
    {
        const string Format = "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}}";
        await using var service = await Service.StartAsync(("Podflare__Sandboxes__LowPrioritySeconds", "1"));
        var sandbox = await service.Api.CreateAsync();
        var container = await Engine.InspectAsync(sandbox, "{{.Id}}");
        var full = CpuWeightOf(container);
        using var stream = await service.Api.StartAsync(sandbox, "while True: pass");
        await Until.TrueAsync(() => Task.FromResult(CpuWeightOf(container) < full), TimeSpan.FromSeconds(20), "it weighs less");
        Assert.Equal("1000000000 536870912 536870912 128", await Engine.InspectAsync(sandbox, Format));
        var run = stream.Headers.GetValues("Podflare-Run-Id").Single();
        using var interrupt = await service.Api.Http.PostAsync($"/v1/sandboxes/{sandbox}/runs/{run}/interrupt", null, TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => Task.FromResult(CpuWeightOf(container) == full), TimeSpan.FromSeconds(20), "it has its weight again");
    }

    // The kernel's own value: the product writes the control group where it can reach it, and the engine does not notice.
    private static int CpuWeightOf(string container)
    {
        string[] files =
        [
            $"/sys/fs/cgroup/cpu/docker/{container}/cpu.shares", $"/sys/fs/cgroup/cpu/system.slice/docker-{container}.scope/cpu.shares",
            $"/sys/fs/cgroup/docker/{container}/cpu.weight", $"/sys/fs/cgroup/system.slice/docker-{container}.scope/cpu.weight",
        ];
        return int.Parse(File.ReadAllText(files.First(File.Exists)), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<(HttpStatusCode Status, string? Id, string? Code, TimeSpan? RetryAfter)> CreateAsync(Service service, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/sandboxes") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await service.Api.Http.SendAsync(request);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        string? Text(string name) => json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
        return (answer.StatusCode, Text("id"), Text("code"), answer.Headers.RetryAfter?.Delta);
    }

    private static async Task DeleteAsync(Service service, string key, string sandbox)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/v1/sandboxes/{sandbox}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await service.Api.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }
}
