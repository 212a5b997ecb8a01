using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Storage;

namespace Podflare.Hosts;

/// <summary>The live hosts and their loads: the hosts come from the names of the silos, and each host reports its own load.</summary>
public sealed partial class HostDirectory(
    IGrainFactory grains, HostSilos silos, StoreAvailability store, IOptions<HostDirectoryOptions> options, TimeProvider time, ILogger<HostDirectory> logger)
    : BackgroundService
{
    private static readonly TimeSpan StartUpInterval = TimeSpan.FromMilliseconds(50);

    private readonly TimeSpan _limit = TimeSpan.FromSeconds(options.Value.AnswerSeconds);
    private volatile Dictionary<string, Answer> _answers = [];
    private volatile bool _hasSeenStartedHost;

    // Claims that went to a host since it was last asked: without them a burst would all go to the host that was emptiest.
    private ConcurrentDictionary<string, int> _claims = [];

    /// <summary>At least one host has answered lately.</summary>
    public bool AnyAnswers => Fresh("").Any();

    /// <summary>
    /// Since this process started, at least one host has answered that is past its start. A host answers before that, but refuses sandboxes. It
    /// stays true when hosts start again later: what they hold can still be read.
    /// </summary>
    public bool HasSeenStartedHost => _hasSeenStartedHost;

    /// <summary>What the hosts have answered lately.</summary>
    public IEnumerable<HostLoad> Loads => Fresh("").Select(known => known.Load);

    /// <summary>The hosts to ask for a new sandbox, in order.</summary>
    public IReadOnlyList<string> Candidates(string template)
    {
        var order = HostChoice.Order(Fresh(template), template, options.Value.MaxHosts, Random.Shared);
        if (order.Count > 0) _claims.AddOrUpdate(order[0], 1, (_, claims) => claims + 1);
        return order;
    }

    /// <summary>When the host last answered this process; null if it never has.</summary>
    public DateTimeOffset? LastSeen(string host) => _answers.TryGetValue(host, out var known) ? known.Seen : null;

    /// <summary>A worker of the host is in the cluster.</summary>
    public bool IsAlive(string host) => silos.IsAlive(host);

    /// <summary>The host has answered lately, and knows of no problem.</summary>
    public bool IsWell(string host) => Fresh("").Any(known => known.Host == host && known.Load.Problem is null);

    /// <summary>Asks all live hosts at the same time. A host that does not answer in time is named with null.</summary>
    public async Task<IReadOnlyList<(string Host, T? Answer)>> AskAsync<T>(Func<IHostGrain, Task<T>> ask, CancellationToken cancellationToken)
        where T : class =>
        await Task.WhenAll(silos.Alive().Select(async host => (host, await AskAsync(host, ask, cancellationToken))));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var period = TimeSpan.FromSeconds(options.Value.PeriodSeconds);
        try
        {
            while (true)
            {
                await RefreshAsync(stoppingToken);
                // While no host takes sandboxes, as at the start of everything, the first one that does is wanted at once.
                await Task.Delay(Fresh("").Any(host => host.Load.Slots > 0) || period < StartUpInterval ? period : StartUpInterval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        silos.RefreshMembership(store.IsAvailable);
        var loads = await AskAsync(host => host.Load(), cancellationToken);
        var (now, seen) = (time.GetTimestamp(), time.GetUtcNow());
        var before = _answers;
        var after = new Dictionary<string, Answer>();
        foreach (var (host, load) in loads)
        {
            if (load is not null) after[host] = new Answer(load, now, seen);
            else if (before.TryGetValue(host, out var known)) after[host] = known;
        }

        (_answers, _claims) = (after, []);
        if (after.Values.Any(answer => answer.Load.Slots > 0 || answer.Load.Draining)) _hasSeenStartedHost = true;
    }

    private async Task<T?> AskAsync<T>(string host, Func<IHostGrain, Task<T>> ask, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await ask(grains.GetGrain<IHostGrain>(host)).WaitAsync(_limit, time, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogNoAnswer(host, e.GetType().Name);
            return null;
        }
    }

    private IEnumerable<(string Host, HostLoad Load)> Fresh(string template) =>
        _answers.Where(pair => time.GetElapsedTime(pair.Value.At).TotalSeconds < options.Value.StaleSeconds)
            .Select(pair => (pair.Key, After(pair.Value.Load, _claims.GetValueOrDefault(pair.Key), template)));

    private static HostLoad After(HostLoad load, int claims, string template) => claims == 0 ? load : load with
    {
        Sandboxes = load.Sandboxes + claims,
        Parked = load.Parked.SetItem(template, load.Parked.GetValueOrDefault(template) - claims),
    };

    [LoggerMessage(LogLevel.Debug, "Host {Host} did not answer: {Cause}")]
    private partial void LogNoAnswer(string host, string cause);

    private readonly record struct Answer(HostLoad Load, long At, DateTimeOffset Seen);
}

public static class HostServices
{
    /// <summary>Adds the knowledge of which hosts there are and how full they are.</summary>
    public static IServiceCollection AddHosts(this IServiceCollection services)
    {
        services.AddOptions<HostDirectoryOptions>().BindConfiguration(HostDirectoryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(new StoreAvailability(static () => true));
        services.AddSingleton<HostSilos>().AddSingleton<HostStore>().AddSingleton<HostDirectory>();
        return services.AddHostedService(provider => provider.GetRequiredService<HostDirectory>());
    }
}
