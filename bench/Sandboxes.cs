using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace Podflare.Bench;

/// <summary>What many sandboxes cost: creates, bursts, streams at once, memory while idle, and a run beside many others.</summary>
internal sealed class Sandboxes(string where, Uri address, Table table)
{
    private const int ColdRamMib = 256;
    private const int Deep = 50;

    /// <summary>Creates alone, each with a pool that had time to fill.</summary>
    public async Task CreatesAsync()
    {
        using var http = Client();
        await CreateAsync(http);
        await PauseAsync(3);
        var (warm, first, cold) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < 60; i++)
        {
            await PauseAsync(0.3);
            var began = Stopwatch.GetTimestamp();
            var sandbox = await CreateAsync(http);
            warm.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await RunAsync(http, sandbox, "print(1)");
            first.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await DeleteAsync(http, sandbox);
        }

        for (var i = 0; i < 20; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var sandbox = await CreateAsync(http, new { ram_mib = ColdRamMib });
            cold.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await DeleteAsync(http, sandbox);
        }

        table.Add("create, from the pool", where, new Sample(warm));
        table.Add("create to first line, from the pool", where, new Sample(first));
        table.Add("create, cold", where, new Sample(cold));
    }

    /// <summary>Fifty creates at one moment: of a kind that has no pool, and where the pool is as deep as the last burst.</summary>
    public async Task BurstsAsync()
    {
        using var http = Client();
        foreach (var (what, body) in new (string, object)[] { ("cold", new { ram_mib = ColdRamMib }), ("default pool", new { }), ("default pool, again at once", new { }) })
        {
            await PauseAsync(5);
            var began = Stopwatch.GetTimestamp();
            var made = await Task.WhenAll(Enumerable.Range(0, Deep).Select(async _ =>
            {
                var sandbox = await CreateAsync(http, body);
                return (sandbox, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }));
            table.Add($"burst of {Deep}, {what}", where, new Sample(made.Select(one => one.TotalMilliseconds)));
            await Task.WhenAll(made.Select(one => DeleteAsync(http, one.sandbox)));
        }
    }

    /// <summary>Fifty programs that print at once; one clock serves both ends.</summary>
    public async Task StreamsAsync()
    {
        using var http = Client();
        var sandboxes = await ManyAsync(http, Deep);
        var took = await Task.WhenAll(sandboxes.Select(sandbox => LatenciesAsync(http, sandbox)));
        table.Add($"event, {Deep} streams at once of 20 lines/s", where, new Sample(took.SelectMany(times => times)));
        await Task.WhenAll(sandboxes.Select(sandbox => DeleteAsync(http, sandbox)));
    }

    /// <summary>A run in an idle sandbox while twenty others do nothing but compute.</summary>
    public async Task NeighboursAsync()
    {
        using var http = Client();
        var idle = await CreateAsync(http);
        var busy = await ManyAsync(http, 20);
        var alone = await Measure.RepeatAsync(200, () => RunAsync(http, idle, "print(1)"));
        var spinning = busy.Select(sandbox => RunAsync(http, sandbox, "while True: pass", seconds: 20)).ToArray();
        await PauseAsync(2);
        var beside = await Measure.RepeatAsync(200, () => RunAsync(http, idle, "print(1)"), warmUp: 5);
        table.Add("print(1) beside 20 that compute", where, beside, alone);
        await Task.WhenAll(busy.Append(idle).Select(sandbox => DeleteAsync(http, sandbox)));
        await Task.WhenAll(spinning.Select(run => run.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    /// <summary>A run with 10 and with 200 sandboxes there, and the memory of one.</summary>
    public async Task CrowdAsync()
    {
        using var http = Client();
        await PauseAsync(5);
        var before = Memory.Available();
        var sandboxes = await ManyAsync(http, 10);
        var ten = await Measure.RepeatAsync(1_000, () => RunAsync(http, sandboxes[0], "print(1)"), warmUp: 500);
        sandboxes = [.. sandboxes, .. await ManyAsync(http, 90)];
        await PauseAsync(5);
        table.Note($"idle memory per sandbox at 100, {where}: {Memory.Guests(sandboxes):0.0} MB in its processes and shim (PSS), {(before - Memory.Available()) / 100:0.0} MB of the machine's, all counted");
        sandboxes = [.. sandboxes, .. await ManyAsync(http, 100)];
        await PauseAsync(5);
        table.Note($"idle memory per sandbox at 200, {where}: {Memory.Guests(sandboxes):0.0} MB in its processes and shim (PSS), {(before - Memory.Available()) / 200:0.0} MB of the machine's, all counted");
        table.Add("print(1) beside 200 that are idle; floor: beside 10", where, await Measure.RepeatAsync(1_000, () => RunAsync(http, sandboxes[0], "print(1)"), warmUp: 100), ten);
        foreach (var part in sandboxes.Chunk(20)) await Task.WhenAll(part.Select(sandbox => DeleteAsync(http, sandbox)));
    }

    private static async Task<double[]> LatenciesAsync(HttpClient http, string sandbox)
    {
        using var answer = await StartAsync(http, sandbox, "import time\nfor i in range(100):\n    time.sleep(0.05)\n    print(time.time_ns())");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var took = new List<double>();
        while (await reader.ReadLineAsync() is { } line)
        {
            var now = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("type").GetString() == "stdout")
                took.Add((now - long.Parse(json.RootElement.GetProperty("data").GetString()!.Trim(), null)) / 1e6);
        }

        return [.. took.Skip(10)];
    }

    private HttpClient Client() =>
        new(new SocketsHttpHandler { MaxConnectionsPerServer = 500 }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };

    // Few at a time, as many as a host starts at once.
    private static async Task<string[]> ManyAsync(HttpClient http, int count)
    {
        var made = new List<string>();
        foreach (var part in Enumerable.Range(0, count).Chunk(4)) made.AddRange(await Task.WhenAll(part.Select(_ => CreateAsync(http))));
        return [.. made];
    }

    private static async Task<string> CreateAsync(HttpClient http, object? body = null)
    {
        while (true)
        {
            using var answer = await http.PostAsJsonAsync("/v1/sandboxes", body ?? new { });
            if (answer.IsSuccessStatusCode) return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
            if ((int)answer.StatusCode != 503) throw new HttpRequestException(await answer.Content.ReadAsStringAsync());
            await PauseAsync(answer.Headers.RetryAfter?.Delta?.TotalSeconds ?? 1);
        }
    }

    private static async Task DeleteAsync(HttpClient http, string sandbox)
    {
        using var answer = await http.DeleteAsync($"/v1/sandboxes/{sandbox}");
        answer.EnsureSuccessStatusCode();
    }

    private static async Task RunAsync(HttpClient http, string sandbox, string code, int? seconds = null)
    {
        using var answer = await StartAsync(http, sandbox, code, seconds);
        await answer.Content.CopyToAsync(Stream.Null);
    }

    private static async Task<HttpResponseMessage> StartAsync(HttpClient http, string sandbox, string code, int? seconds = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/sandboxes/{sandbox}/exec")
        {
            Content = JsonContent.Create(new { code, language = "python", timeout_seconds = seconds ?? 60 }),
        };
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return answer.EnsureSuccessStatusCode();
    }

    private static Task PauseAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
}
