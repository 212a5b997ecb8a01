using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Podflare.Hosts;

/// <summary>The live hosts and their loads: which there are is read from silo metadata, how full they are is asked of each one.</summary>
internal sealed partial class HostDirectory(
    IGrainFactory grains, IServiceProvider services, IOptions<HostDirectoryOptions> options, TimeProvider time, ILogger<HostDirectory> logger)
    : BackgroundService
{
    private readonly TimeSpan _limit = TimeSpan.FromSeconds(options.Value.AnswerSeconds);
    private volatile Dictionary<string, Answer> _answers = [];

    /// <summary>At least one host has answered lately.</summary>
    public bool AnyAnswers => Fresh().Any();

    /// <summary>The hosts that have a live worker now, whether it answers or not.</summary>
    public IReadOnlyCollection<string> Live()
    {
        // Taken when first needed: these belong to the silo, which is built beside the frontend.
        var metadata = services.GetRequiredService<ISiloMetadataCache>();
        return services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot.Members
            .Where(member => member.Value.Status == SiloStatus.Active)
            .Select(member => metadata.GetSiloMetadata(member.Key).Metadata)
            .Where(tags => tags.GetValueOrDefault("role") is "worker" or "all")
            .Select(tags => tags.GetValueOrDefault("host"))
            .OfType<string>()
            .ToHashSet();
    }

    /// <summary>The hosts to ask for a new sandbox, in order.</summary>
    public IReadOnlyList<string> Candidates(int count) => HostChoice.Order(Fresh(), count, Random.Shared);

    /// <summary>Asks all live hosts at the same time. A host that does not answer in time is named with null.</summary>
    public async Task<IReadOnlyList<(string Host, T? Answer)>> AskAsync<T>(Func<IHostGrain, Task<T>> ask, CancellationToken cancellationToken)
        where T : class =>
        await Task.WhenAll(Live().Select(async host => (host, await AskAsync(host, ask, cancellationToken))));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.PeriodSeconds), time);
        try
        {
            do
            {
                await RefreshAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var loads = await AskAsync(host => host.Load(), cancellationToken);
        var now = time.GetTimestamp();
        var before = _answers;
        var after = new Dictionary<string, Answer>();
        foreach (var (host, load) in loads)
        {
            if (load is not null) after[host] = new Answer(load, now);
            else if (before.TryGetValue(host, out var known)) after[host] = known;
        }

        _answers = after;
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
            LogSilent(host, e.GetType().Name);
            return null;
        }
    }

    private IEnumerable<(string Host, HostLoad Load)> Fresh() =>
        _answers.Where(pair => time.GetElapsedTime(pair.Value.At).TotalSeconds < options.Value.StaleSeconds).Select(pair => (pair.Key, pair.Value.Load));

    [LoggerMessage(LogLevel.Debug, "Host {Host} did not answer: {Cause}")]
    private partial void LogSilent(string host, string cause);

    private readonly record struct Answer(HostLoad Load, long At);
}

internal static class HostDirectoryServices
{
    public static IServiceCollection AddHostDirectory(this IServiceCollection services)
    {
        services.AddOptions<HostDirectoryOptions>().BindConfiguration(HostDirectoryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<HostDirectory>();
        return services.AddHostedService(provider => provider.GetRequiredService<HostDirectory>());
    }
}
