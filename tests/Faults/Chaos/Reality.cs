using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>
/// Compares what the cluster says of its sandboxes (the lists through both frontends, the hosts' records, the sandboxes' records, the keys
/// that never expire) with the containers that the engine has.
/// </summary>
internal sealed class Reality(FaultCluster cluster)
{
    private const int SandboxIdLength = 36;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Looks again and again until each difference has been gone once: sandboxes may come and leave meanwhile.</summary>
    /// <returns>What differed each time until the limit was over, by sandbox or key; empty where everything agreed.</returns>
    public async Task<IReadOnlyDictionary<string, string>> CompareAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var deadline = Clock.Now + limit;
        Dictionary<string, string>? remaining = null;
        var unreadable = "";
        do
        {
            try
            {
                var found = await FindDifferencesAsync(cancellationToken);
                remaining = remaining is null ? found : remaining.Keys.Where(found.ContainsKey).ToDictionary(key => key, key => found[key]);
            }
            catch (Exception e) when (e is HttpRequestException or InvalidOperationException or JsonException or IOException)
            {
                unreadable = e.Message;
            }

            if (remaining is { Count: 0 }) return remaining;
            await Clock.Delay(Pause, cancellationToken);
        }
        while (Clock.Now < deadline);

        return remaining ?? new Dictionary<string, string> { ["comparison"] = $"nothing could be compared: {unreadable}" };
    }

    /// <summary>What differs at this moment, by sandbox or key.</summary>
    private async Task<Dictionary<string, string>> FindDifferencesAsync(CancellationToken cancellationToken)
    {
        var places = new Dictionary<string, IReadOnlySet<string>>
        {
            ["containers"] = (await Engine.ListUsedSandboxesAsync(cluster.Id)).ToHashSet(),
            ["list through frontend 1"] = await ListAsync(0, cancellationToken),
            ["list through frontend 2"] = await ListAsync(1, cancellationToken),
            ["host records"] = await ReadHostRecordsAsync(),
        };
        var lasting = await cluster.Redis.ListLastingKeysAsync();
        places["sandbox records"] = lasting.Where(Leftovers.IsSandboxRecord).Select(SandboxIn).OfType<string>().ToHashSet();

        var differences = new Dictionary<string, string>();
        foreach (var sandbox in places.Values.SelectMany(place => place).Distinct())
        {
            var missing = places.Where(place => !place.Value.Contains(sandbox)).Select(place => place.Key).ToArray();
            if (missing.Length > 0) differences[sandbox] = $"{sandbox} is missing in {string.Join(", ", missing)}, but not in {string.Join(", ", places.Keys.Except(missing))}";
        }

        foreach (var key in lasting)
        {
            var sandbox = SandboxIn(key);
            if (sandbox is null ? !BelongsToSilos(key) && !Leftovers.IsAccount(key) : !places["containers"].Contains(sandbox)) differences[key] = $"key without expiry: {key}";
        }

        return differences;
    }

    private async Task<HashSet<string>> ListAsync(int frontend, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = cluster.Frontend(frontend), Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            using var answer = await http.GetAsync("/v1/sandboxes?limit=1000", cancellationToken);
            var page = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            if (answer.StatusCode is not HttpStatusCode.OK || page.TryGetProperty("warnings", out _)) throw new InvalidOperationException($"the list is {page}");
            return [.. page.GetProperty("sandboxes").EnumerateArray().Select(sandbox => sandbox.GetProperty("id").GetString()!)];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException("no list within 10 s");
        }
    }

    private async Task<HashSet<string>> ReadHostRecordsAsync()
    {
        var sandboxes = new HashSet<string>();
        foreach (var worker in FaultCluster.Workers)
        {
            var record = await cluster.Redis.RunAsync("HGET", cluster.HostRecordKey(worker), "data");
            if (record.Length == 0) continue;
            foreach (var sandbox in JsonDocument.Parse(record).RootElement.GetProperty("Sandboxes").EnumerateObject()) sandboxes.Add(sandbox.Name);
        }

        return sandboxes;
    }

    /// <summary>The sandbox whose id a key has; null where it has none.</summary>
    private static string? SandboxIn(string key)
    {
        var at = key.IndexOf("sbx_", StringComparison.Ordinal);
        return at < 0 || key.Length < at + SandboxIdLength ? null : key.Substring(at, SandboxIdLength);
    }

    /// <summary>The membership table, the reminders and the hosts' records stay for as long as the cluster.</summary>
    private bool BelongsToSilos(string key) =>
        key.StartsWith($"{cluster.Id}/members/", StringComparison.Ordinal) || key == $"{cluster.Id}/reminders" || key.StartsWith($"{cluster.Id}/state/host/", StringComparison.Ordinal);
}
