using Microsoft.Extensions.Logging;

namespace Podflare.Hosts;

/// <summary>How full the live hosts are, at most a second old. Asked for when needed, so an idle cluster stays idle.</summary>
public sealed partial class HostLoads(HostSilos silos, IGrainFactory grains, TimeProvider time, ILogger<HostLoads> logger)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task<IReadOnlyDictionary<string, HostLoad>>? _current;
    private DateTimeOffset _askedAt;

    /// <summary>The load of each live host that answers within 2 s.</summary>
    public Task<IReadOnlyDictionary<string, HostLoad>> GetAsync()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_current is null || now - _askedAt > Freshness) (_current, _askedAt) = (AskAllAsync(), now);
            return _current;
        }
    }

    /// <summary>Hosts in the order in which a new sandbox should try them: the better of two random ones, then the rest, emptiest first.</summary>
    public async Task<IReadOnlyList<string>> RankAsync()
    {
        var open = (await GetAsync()).Where(pair => pair.Value is { Draining: false, Slots: > 0 }).ToArray();
        if (open.Length == 0) return [];
        var pair = Random.Shared.GetItems(open, 2);
        var best = Fullness(pair[0].Value) <= Fullness(pair[1].Value) ? pair[0].Key : pair[1].Key;
        return [best, .. open.Where(other => other.Key != best).OrderBy(other => Fullness(other.Value)).Select(other => other.Key)];
    }

    private static double Fullness(HostLoad load) => (double)load.Sandboxes / load.Slots;

    private async Task<IReadOnlyDictionary<string, HostLoad>> AskAllAsync()
    {
        var answers = await Task.WhenAll(silos.Alive().Select(AskAsync));
        return answers.OfType<(string Host, HostLoad Load)>().ToDictionary(answer => answer.Host, answer => answer.Load);
    }

    private async Task<(string Host, HostLoad Load)?> AskAsync(string host)
    {
        try
        {
            return (host, await grains.GetGrain<IHostGrain>(host).Load().WaitAsync(Limit, time));
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            LogNoAnswer(e, host);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Debug, "Host {Host} does not tell its load.")]
    private partial void LogNoAnswer(Exception exception, string host);
}
