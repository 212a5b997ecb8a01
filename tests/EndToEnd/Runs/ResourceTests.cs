using System.Net;
using System.Text.Json;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Runs;

/// <summary>The figures of runs and sandboxes are those of a real control group.</summary>
public sealed class ResourceTests(EmbeddedService service) : IAsyncLifetime
{
    private const long Megabyte = 1_000_000;
    private const long MemoryLimit = 512L << 20;
    private const string Burn = "import time\nwhile time.process_time() < start + 0.5: pass";

    private string _sandbox = "";
    private RunsApi _runs = null!;

    private SandboxApi Api => service.Api;

    public async ValueTask InitializeAsync()
    {
        _sandbox = await Api.CreateAsync();
        _runs = new RunsApi(Api, _sandbox);
    }

    public async ValueTask DisposeAsync() => await Api.DeleteAsync(_sandbox);

    [Fact]
    public async Task A_run_that_computes_for_half_a_second_used_half_a_second()
    {
        var used = await UsageAsync("import time\nstart = time.process_time()\n" + Burn);
        var idle = await UsageAsync("import time; time.sleep(0.5)");

        Assert.InRange(used.GetProperty("cpu_seconds").GetDouble(), 0.49, 0.8);
        Assert.InRange(idle.GetProperty("cpu_seconds").GetDouble(), 0, 0.1);
        Assert.InRange(used.GetProperty("processes_peak").GetInt32(), 2, 10);
        Assert.Equal(0, used.GetProperty("oom_kills").GetInt32());
    }

    [Fact]
    public async Task A_run_that_allocates_100_MB_has_that_peak_and_the_next_one_has_not()
    {
        var large = await UsageAsync("block = b'x' * 100_000_000\ndel block");
        var small = await UsageAsync("print(1)");
        var rest = await UsageAsync("keep = b'x' * 50_000_000");

        Assert.InRange(large.GetProperty("memory_peak_bytes").GetInt64(), 100 * Megabyte, 150 * Megabyte);
        Assert.InRange(small.GetProperty("memory_peak_bytes").GetInt64(), 1 * Megabyte, 50 * Megabyte);
        Assert.InRange(rest.GetProperty("memory_peak_bytes").GetInt64(), 50 * Megabyte, 100 * Megabyte);
    }

    [Fact]
    public async Task Processes_and_files_are_seen()
    {
        var processes = await UsageAsync("for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; sleep 2; kill $(jobs -p)", "bash");
        var before = (await UsageAsync("print(1)")).GetProperty("disk_used_bytes").GetInt64();
        var disk = await UsageAsync("open('file', 'wb').write(b'x' * 10_000_000)");

        Assert.InRange(processes.GetProperty("processes_peak").GetInt32(), 10, 20);
        Assert.InRange(disk.GetProperty("disk_used_bytes").GetInt64() - before, 10 * Megabyte, 11 * Megabyte);
    }

    [Fact]
    public async Task A_run_that_wants_more_than_its_share_of_a_CPU_is_throttled()
    {
        await Api.DeleteAsync(_sandbox);
        _sandbox = await Api.CreateAsync(new { template = "slow" });
        _runs = new RunsApi(Api, _sandbox);

        var usage = await UsageAsync("import time\nstart = time.process_time()\nwhile time.process_time() < start + 0.2: pass");

        Assert.InRange(usage.GetProperty("cpu_seconds").GetDouble(), 0.19, 0.5);
        Assert.InRange(usage.GetProperty("throttled_seconds").GetDouble(), 0.1, 60);
    }

    [Fact]
    public async Task A_run_that_is_killed_for_memory_says_so()
    {
        var run = await Api.RunAsync(_sandbox, "x = b'x' * 2_000_000_000");
        var usage = (await _runs.GetAsync(run.Run)).GetProperty("usage");

        Assert.Equal(1, usage.GetProperty("oom_kills").GetInt32());
        Assert.InRange(usage.GetProperty("memory_peak_bytes").GetInt64(), MemoryLimit * 9 / 10, MemoryLimit);
    }

    [Fact]
    public async Task The_series_follows_what_the_sandbox_does()
    {
        var run = await _runs.StartAsync(new { command = "python3 -c 'x = bytearray(100_000_000)\nwhile True: pass'" });
        var points = await SamplesAsync(found => found.Count(point => point.Cpu > 0.1 && point.Memory > 100 * Megabyte) >= 2);
        await _runs.SendAsync(HttpMethod.Post, $"/runs/{run}/interrupt", null, HttpStatusCode.Accepted);
        await _runs.ReadUntilAsync(run, 0, events => events.Any(e => e.Type == "exit"));

        Assert.All(points.Zip(points.Skip(1)), pair => Assert.True(pair.First.At < pair.Second.At && pair.First.CpuSeconds <= pair.Second.CpuSeconds));
        Assert.All(points, point => Assert.InRange(point.Cpu ?? 0, 0, 1.5));
        var metrics = await MetricsAsync($"?start={points[^1].At}");
        Assert.Equal("""{"cpus":1,"memory_bytes":536870912,"processes":128,"disk_bytes":268435456}""", metrics.GetProperty("limits").GetRawText());
        Assert.Equal(points[^1].At, metrics.GetProperty("points")[0].GetProperty("ts").GetInt64());
        Assert.Equal(2, metrics.GetProperty("interval_seconds").GetDouble());
    }

    private async Task<JsonElement> UsageAsync(string code, string language = "python")
    {
        var run = await Api.RunAsync(_sandbox, code, language);
        return (await _runs.GetAsync(run.Run)).GetProperty("usage");
    }

    private Task<JsonElement> MetricsAsync(string query = "") => _runs.SendAsync(HttpMethod.Get, $"/metrics{query}", null, HttpStatusCode.OK);

    private async Task<List<Sample>> SamplesAsync(Func<List<Sample>, bool> condition)
    {
        List<Sample> found = [];
        await Until.TrueAsync(async () => condition(found = [.. (await MetricsAsync()).GetProperty("points").EnumerateArray().Select(Sample.Of)]), TimeSpan.FromSeconds(30), "the sandbox computes");
        return found;
    }

    private sealed record Sample(long At, double? Cpu, double CpuSeconds, long Memory)
    {
        public static Sample Of(JsonElement point) => new(
            point.GetProperty("ts").GetInt64(), point.GetProperty("cpu") is { ValueKind: JsonValueKind.Number } cpu ? cpu.GetDouble() : null,
            point.GetProperty("cpu_seconds").GetDouble(), point.GetProperty("memory_bytes").GetInt64());
    }
}
