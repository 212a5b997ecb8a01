using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace Podflare.Bench;

/// <summary>What many sandboxes cost: creates, bursts, streams at once, memory while idle, and a run beside many others.</summary>
/// <param name="folder">Run folder of the service, or the folder of those of its workers; null where it is unknown.</param>
internal sealed class Sandboxes(string where, Uri address, Table table, string? folder)
{
    private const string Cold = "cold";
    private const int Deep = 50;
    private const int PoolLeast = 2;
    private const int PoolDepth = 16;

    private static readonly string[] SocketFolders = ["s", "w1/s", "w2/s"];

    /// <summary>Creates alone, each with a pool that had time to fill: those of a service that has just started, then as many of one that is warm.</summary>
    public async Task CreatesAsync()
    {
        using var http = Client();
        await PauseAsync(3);
        var (early, _) = await PooledAsync(http);
        var (warm, first) = await PooledAsync(http);
        var cold = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var sandbox = await CreateAsync(http, new { template = Cold });
            cold.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await DeleteAsync(http, sandbox);
        }

        table.Add($"create, from the pool, the first {early.Count}", where, early);
        table.Add("create, from the pool, warm", where, warm, targets: [Target.P50(5), Target.P99(25)]);
        table.Add("create to first line, from the pool, warm", where, first);
        table.Add("create, cold", where, new Sample(cold), targets: Target.P50(230));
    }

    /// <returns>Until the create is answered, and until the first line of a run in the sandbox has come.</returns>
    private static async Task<(Sample Created, Sample Printed)> PooledAsync(HttpClient http)
    {
        var (created, printed) = (new List<double>(), new List<double>());
        for (var i = 0; i < 150; i++)
        {
            await PauseAsync(0.3);
            var began = Stopwatch.GetTimestamp();
            var sandbox = await CreateAsync(http);
            created.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await RunAsync(http, sandbox, "print(1)");
            printed.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await DeleteAsync(http, sandbox);
        }

        return (new Sample(created), new Sample(printed));
    }

    /// <summary>Parked containers per second, from the moment at which the pool was emptied until it is as deep as before.</summary>
    public async Task RefillAsync()
    {
        if (folder is null) return;
        using var http = Client();
        var depth = PoolDepth * Folders().Count();
        for (var round = 0; round < 3; round++)
        {
            // As many claims as make the demand for the greatest depth; those that find nothing parked wait in line.
            var made = await Task.WhenAll(Enumerable.Range(0, depth + 4).Select(_ => CreateAsync(http)));
            var (began, there) = (Stopwatch.GetTimestamp(), Parked());
            while (Parked() < depth && Stopwatch.GetElapsedTime(began).TotalSeconds < 25) await PauseAsync(0.02);
            var rate = (Parked() - there) / Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (round > 0) table.AtLeast("refill after the pool was emptied", where, rate, "a second", 5);
            await Task.WhenAll(made.Select(sandbox => DeleteAsync(http, sandbox)));
        }
    }

    /// <summary>Fifty creates at one moment: of a kind that has no pool, and where the pool is as deep as the last burst.</summary>
    public async Task BurstsAsync()
    {
        using var http = Client();
        foreach (var (what, body) in new (string, object)[] { (Cold, new { template = Cold }), ("default pool", new { }), ("default pool, again at once", new { }) })
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
        table.Add("print(1) beside 20 that compute", where, beside, alone, Target.P95(50));
        await Task.WhenAll(busy.Append(idle).Select(sandbox => DeleteAsync(http, sandbox)));
        await Task.WhenAll(spinning.Select(run => run.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    /// <summary>A run with 10 and with 200 sandboxes there, and the memory of one.</summary>
    public async Task CrowdAsync()
    {
        using var http = Client();
        await QuietAsync();
        var before = new Memory(folder);
        var sandboxes = await ManyAsync(http, 10);
        var ten = await RunsAsync(warmUp: 3_000);
        sandboxes = [.. sandboxes, .. await ManyAsync(http, 90)];
        await QuietAsync();
        Idle(before, sandboxes);
        sandboxes = [.. sandboxes, .. await ManyAsync(http, 100)];
        await QuietAsync();
        Idle(before, sandboxes);
        var crowd = await RunsAsync();
        foreach (var part in sandboxes.Skip(10).Chunk(20)) await Task.WhenAll(part.Select(sandbox => DeleteAsync(http, sandbox)));
        await PauseAsync(5);
        // Ten once more, so that what else the machine did meanwhile is on both sides.
        var again = await RunsAsync();
        table.Add("print(1) beside 200 that are idle; floor: beside 10", where, crowd, new Sample([.. ten.Sorted, .. again.Sorted]), Target.Ratio(1.2));
        await Task.WhenAll(sandboxes.Take(10).Select(sandbox => DeleteAsync(http, sandbox)));

        // The first runs after a pause are slower, whatever is beside them.
        Task<Sample> RunsAsync(int warmUp = 1_000) => Measure.RepeatAsync(2_000, () => RunAsync(http, sandboxes[0], "print(1)"), warmUp);
    }

    private void Idle(Memory before, string[] sandboxes)
    {
        var (now, count) = (new Memory(folder), sandboxes.Length);
        var guests = Memory.Guests(sandboxes);
        var services = (now.Services - before.Services) / count;
        var engine = (now.Engine - before.Engine) / count;
        var kernel = (now.Kernel - before.Kernel) / count;
        table.Figure($"idle memory per sandbox at {count}, its processes and shim (PSS)", where, $"{guests:0.0} MB");
        table.Figure($"idle memory per sandbox at {count}, growth of service, engine, kernel", where, $"{services:0.00}, {engine:0.00}, {kernel:0.00} MB");
        table.AtMost($"idle memory per sandbox at {count}, sum of these", where, guests + services + engine + kernel, "MB", 15);
        table.AtMost($"idle memory per sandbox at {count}, lost by the machine", where, (before.Available - now.Available) / count, "MB", 15);
    }

    // What the demand of creates has parked would count as theirs; it goes, one container a second, once the demand is forgotten.
    private async Task QuietAsync()
    {
        await PauseAsync(5);
        if (folder is null) return;
        var (began, least) = (Stopwatch.GetTimestamp(), PoolLeast * Folders().Count());
        while (Parked() > least && Stopwatch.GetElapsedTime(began).TotalSeconds < 90) await PauseAsync(0.5);
    }

    private int Parked() => Folders().Sum(host => Directory.EnumerateDirectories(host).Count(sandbox => File.Exists(Path.Combine(sandbox, "parked"))));

    /// <summary>The socket folders of the service's workers.</summary>
    private IEnumerable<string> Folders() => SocketFolders.Select(path => Path.Combine(folder!, path)).Where(Directory.Exists);

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
