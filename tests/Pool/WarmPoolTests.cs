using System.Diagnostics;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool;

/// <summary>Containers that wait ready, over a real engine.</summary>
public sealed class WarmPoolTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_create_takes_a_parked_container_which_is_replaced_and_a_stopping_worker_leaves_none()
    {
        await using var service = await Service.StartAsync(Pool(min: 3, max: 3));
        await service.ParkedAsync(3);
        var parked = await service.ParkedAsync();
        var sandbox = await service.Api.CreateAsync(new { env = new Dictionary<string, string> { ["GREETING"] = "hello" } });
        Assert.Contains(sandbox, parked);
        Assert.Equal("hello\n", (await service.Api.RunAsync(sandbox, "import os; print(os.environ['GREETING'])")).Stdout);
        await service.ParkedAsync(3);
        Assert.DoesNotContain(sandbox, await service.ParkedAsync());

        await service.StopAsync();
        Assert.Equal(sandbox, Assert.Single(await Engine.ListSandboxesAsync(service.Cluster)).Sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task What_a_killed_worker_had_parked_or_leased_is_never_handed_out_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var service = await Service.StartAsync(
            [.. Pool(min: 4, max: 8), ("ConnectionStrings__Redis", $"127.0.0.1:{redis.Port}"), ("Podflare__Role", "All")]);
        await service.ParkedAsync(4);
        var kept = await service.Api.CreateAsync();
        await service.Api.RunAsync(kept, "x = 41");
        // Killed in the midst of creates: claims are at every stage.
        var creates = Enumerable.Range(0, 12).Select(_ => TryCreateAsync(service)).ToArray();
        await Until.TrueAsync(() => Task.FromResult(creates.Any(create => create.IsCompleted)), TimeSpan.FromSeconds(20), "one is created");
        await service.KillAsync();
        var known = (await Task.WhenAll(creates)).OfType<string>().Append(kept).ToHashSet();
        var before = (await Engine.ListSandboxesAsync(service.Cluster)).Select(pair => pair.Sandbox).ToHashSet();

        await service.StartAgainAsync();
        var after = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => service.Api.CreateAsync()));
        Assert.Equal(12, after.Distinct().Count());
        Assert.DoesNotContain(after, before.Contains);
        Assert.Equal("42\n", (await service.Api.RunAsync(kept, "print(x + 1)")).Stdout);
        foreach (var sandbox in after) Assert.Equal("False\n", (await service.Api.RunAsync(sandbox, "print('x' in globals())")).Stdout);
        foreach (var sandbox in known.Concat(after)) await service.Api.DeleteAsync(sandbox);

        // A create whose answer was lost has left a sandbox; whatever else was there before is gone.
        await Until.TrueAsync(async () => (await UnknownAsync(service, before)).Length == 0, TimeSpan.FromSeconds(30), "what was parked before is removed");
    }

    private static async Task<string[]> UnknownAsync(Service service, HashSet<string> before)
    {
        var left = (await Engine.ListSandboxesAsync(service.Cluster)).Select(pair => pair.Sandbox).Where(before.Contains).ToArray();
        var listed = await service.Api.Http.GetStringAsync("/v1/sandboxes");
        return [.. left.Where(sandbox => !listed.Contains(sandbox, StringComparison.Ordinal))];
    }

    [Fact(Timeout = 120_000)]
    public async Task A_parked_container_that_is_killed_is_replaced()
    {
        await using var service = await Service.StartAsync(Pool(min: 2, max: 2));
        await service.ParkedAsync(2);
        var killed = (await service.ParkedAsync())[0];
        await Engine.KillAsync(killed);
        await Until.TrueAsync(
            async () => await service.ParkedAsync() is { Length: 2 } parked && !parked.Contains(killed), TimeSpan.FromSeconds(20), "another one is parked in its place");
        var made = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => service.Api.CreateAsync()));
        Assert.DoesNotContain(killed, made);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_create_from_the_pool_is_much_faster_than_a_cold_one()
    {
        await using var service = await Service.StartAsync([.. Pool(min: 8, max: 8), ("Podflare__Templates__cold__Image", "podflare/default:local"), ("Podflare__Templates__cold__PoolMax", "0")]);
        await service.Api.DeleteAsync(await service.Api.CreateAsync());
        await service.ParkedAsync(8);
        var warm = await MedianAsync(5, () => service.Api.CreateAsync());
        var cold = await MedianAsync(3, () => service.Api.CreateAsync(new { template = "cold" }));
        Assert.True(warm < cold / 3, $"from the pool {warm:0.0} ms, cold {cold:0.0} ms");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_parked_container_is_given_the_memory_and_the_file_systems_that_a_create_asks_for()
    {
        await using var service = await Service.StartAsync([.. Pool(min: 1, max: 1), ("Podflare__Templates__default__MaxMemoryMib", "1024"), ("Podflare__Templates__default__MaxHomeMib", "1024")]);
        foreach (var (body, memory, home, tmp, shm) in new (object, int, int, int, int)[]
        {
            (new { ram_mib = 256 }, 256, 128, 32, 64), (new { ram_mib = 1024 }, 1024, 256, 64, 256), (new { ram_mib = 1024, rootfs_gb = 1 }, 1024, 512, 64, 256),
        })
        {
            await service.ParkedAsync(1);
            var parked = Assert.Single(await service.ParkedAsync());
            var sandbox = await service.Api.CreateAsync(body);
            Assert.Equal(parked, sandbox);
            Assert.Equal($"{(long)memory << 20} {(long)memory << 20}", await Engine.InspectAsync(sandbox, "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}"));
            var sizes = await service.Api.RunAsync(sandbox, "import os\nprint(*(os.statvfs(p).f_blocks * os.statvfs(p).f_frsize >> 20 for p in ('/root', '/tmp', '/dev/shm')))");
            Assert.Equal($"{home} {tmp} {shm}\n", sizes.Stdout);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Sandboxes_run_from_bytecode_that_lies_in_the_run_folder_and_from_the_sources_where_it_is_damaged()
    {
        const string Loaded = "import sys\nm = sys.modules['podflare_guest.repl.driver']\nimport os\nprint(os.path.exists(m.__cached__), m.__file__)";
        await using var service = await Service.StartAsync([.. Pool(min: 1, max: 1), ("Podflare__Hosts__CompileSeconds", "60")]);
        await service.ParkedAsync(1);
        var folder = Assert.Single(Directory.GetDirectories(Path.Combine(service.Folder, "guest"), "*-*"));
        Assert.Equal("True /podflare/guest/podflare_guest/repl/driver.py\n", (await service.Api.RunAsync(await service.Api.CreateAsync(), Loaded)).Stdout);
        await service.StopAsync();

        // A file that would end every interpreter that executes it.
        var damaged = Directory.GetFiles(folder, "driver.*.pyc", SearchOption.AllDirectories).Single();
        var right = await File.ReadAllBytesAsync(damaged, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(damaged, [.. right.AsSpan(0, 16), .. "garbage"u8], TestContext.Current.CancellationToken);
        await service.StartAgainAsync();
        Assert.Equal("True /podflare/guest/podflare_guest/repl/driver.py\n", (await service.Api.RunAsync(await service.Api.CreateAsync(), Loaded)).Stdout);
        Assert.Equal(right, await File.ReadAllBytesAsync(damaged, TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_burst_of_a_hundred_is_served_by_the_pool_of_the_default_options()
    {
        // This machine may have no moment in which half of its CPU time is idle.
        await using var service = await Service.StartAsync(("Podflare__Hosts__PoolMemoryShare", "0.1"), ("Podflare__Hosts__PoolIdleCpu", "0"));
        await Until.TrueAsync(async () => (await service.ParkedAsync()).Length >= 100, TimeSpan.FromSeconds(200), "a hundred are parked although nobody has asked for one");
        var made = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => TryCreateAsync(service)));
        Assert.All(made, Assert.NotNull);
        Assert.Equal(100, made.Distinct().Count());
        var outputs = await Task.WhenAll(made.Select(sandbox => service.Api.RunAsync(sandbox!, "print(1)")));
        Assert.All(outputs, output => Assert.Equal("1\n", output.Stdout));
    }

    private static async Task<double> MedianAsync(int times, Func<Task> act)
    {
        var took = new List<double>();
        for (var i = 0; i < times; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await act();
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return took.Order().ElementAt(times / 2);
    }

    private static async Task<string?> TryCreateAsync(Service service)
    {
        try
        {
            using var answer = await service.Api.Http.PostAsync("/v1/sandboxes", null);
            var body = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode ? System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("id").GetString() : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static (string, string)[] Pool(int min, int max) =>
        [("Podflare__Templates__default__PoolMin", $"{min}"), ("Podflare__Templates__default__PoolMax", $"{max}")];
}
