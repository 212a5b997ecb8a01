using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>
/// Keeps sandboxes busy through both frontends while it breaks one thing after the other, and audits everything that is read. All its
/// decisions come from the seed.
/// </summary>
internal sealed class ChaosDriver(FaultCluster cluster, ChaosOptions options, Audit audit)
{
    /// <summary>Everything goes on within this time after a fault.</summary>
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(60);
    // A sweep comes every 30 s.
    private static readonly TimeSpan AgreementLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan FinishLimit = TimeSpan.FromMinutes(2);

    private readonly Tally _tally = new();
    private readonly Periods _rewinds = new();
    private readonly Periods _fills = new();
    private readonly Reality _reality = new(cluster);
    private readonly HashSet<string> _differing = [];
    private readonly List<Task> _singing = [];
    private Canary[] _canaries = [];

    /// <returns>The table of what was done.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        Clock.Say($"chaos with seed {options.Seed}");
        using var client = new PatientClient([cluster.Frontend(0), cluster.Frontend(1)], audit);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _canaries = await MakeCanariesAsync(client, stop.Token);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lanes = Enumerable.Range(1, options.Sandboxes).Select(number => new Lane(number, options.Seed, client, audit, _rewinds, _fills)).ToArray();
        var running = lanes.Select(lane => lane.RunAsync(stopped.Task, stop.Token)).ToArray();
        await SettledAsync(_canaries, Clock.Now, stop.Token);
        await BreakAsync(new Injector(cluster, lanes, _rewinds, _fills), client, stop.Token);

        Clock.Say("no more faults; finishing");
        foreach (var clock in cluster.Clocks) clock.Set(TimeSpan.Zero);
        stopped.SetResult();
        stop.CancelAfter(FinishLimit);
        try
        {
            await Task.WhenAll(running);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            foreach (var (lane, task) in lanes.Zip(running))
            {
                if (!task.IsCompletedSuccessfully) audit.Fail($"{lane}: not finished within {FinishLimit.TotalMinutes:0} min");
            }

            return _tally.Render(audit, options.Seed);
        }

        await DeleteCanariesAsync(client, stop.Token);
        await Task.WhenAll(_singing);
        await Leftovers.CheckAsync(cluster, audit);
        await CompareAsync("at the end", cancellationToken);
        return _tally.Render(audit, options.Seed);
    }

    private async Task BreakAsync(Injector injector, PatientClient client, CancellationToken cancellationToken)
    {
        var end = Clock.Now + options.Time;
        foreach (var fault in FaultPlan.Of(options.Seed, options.Engine, options.Kinds))
        {
            if (options.Faults is { } faults ? _tally.Count >= faults : Clock.Now >= end) return;
            var mayLose = fault.Kind is FaultKind.RestartEngine or FaultKind.RestoreRedis or FaultKind.PromoteReplica;
            if (mayLose) foreach (var canary in _canaries) canary.MayBeLost();
            if (await injector.MakeAsync(fault, cancellationToken) is not { } over)
            {
                Clock.Say($"{fault}: nothing to hurt");
                continue;
            }

            if (mayLose)
            {
                // Whether they were lost depends on the engine's settings, or on what Redis has lost. Others take their place in either case.
                await DeleteCanariesAsync(client, cancellationToken);
                _canaries = await MakeCanariesAsync(client, cancellationToken);
            }

            TimeSpan? recovery = null;
            if (!fault.Overlaps)
            {
                recovery = await SettledAsync(_canaries, over, cancellationToken);
                if (recovery is null) audit.Fail($"{fault}: not everything went on within {RecoveryLimit.TotalSeconds:0} s");
                await CompareAsync($"after {fault}", cancellationToken);
            }

            _tally.Add(fault, recovery);
            Clock.Say($"{fault}: {(fault.Overlaps ? "the next one overlaps" : $"recovered in {recovery?.TotalSeconds:0.0} s")}; {audit.Events} events, {audit.Violations.Count} violations");
            await Clock.Delay(fault.Pause, cancellationToken);
        }
    }

    private async Task CompareAsync(string when, CancellationToken cancellationToken)
    {
        foreach (var (subject, difference) in await _reality.CompareAsync(AgreementLimit, cancellationToken))
        {
            if (_differing.Add(subject)) audit.Fail($"{when}: {difference}");
        }

        audit.OnComparison();
    }

    /// <returns>The time from <paramref name="since"/> until each reader of each canary had got something that was printed later; null where that took too long.</returns>
    private static async Task<TimeSpan?> SettledAsync(Canary[] canaries, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var last = since;
        foreach (var canary in canaries)
        {
            DateTimeOffset? at;
            while ((at = canary.GoesOn(since)) is null)
            {
                if (Clock.Now - since > RecoveryLimit) return null;
                await Clock.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
            }

            if (at > last) last = at.Value;
        }

        return last - since;
    }

    private async Task DeleteCanariesAsync(PatientClient client, CancellationToken cancellationToken)
    {
        foreach (var canary in _canaries) await client.SendAsync(HttpMethod.Delete, $"/v1/sandboxes/{canary.Sandbox}", null, null, 0, cancellationToken);
    }

    /// <summary>One on each host, running.</summary>
    private async Task<Canary[]> MakeCanariesAsync(PatientClient client, CancellationToken cancellationToken)
    {
        var canaries = new Dictionary<string, Canary>();
        for (var tries = 0; canaries.Count < FaultCluster.Workers.Length; tries++)
        {
            if (tries == 40) throw new InvalidOperationException("Forty sandboxes are all on one host.");
            var made = await client.SendAsync(HttpMethod.Post, "/v1/sandboxes", new() { ["idle_timeout_seconds"] = 86_400 }, null, tries, cancellationToken);
            var sandbox = made.Body.GetProperty("id").GetString()!;
            if (!canaries.TryAdd(sandbox.Substring(4, 8), new Canary(client, audit, sandbox)))
                await client.SendAsync(HttpMethod.Delete, $"/v1/sandboxes/{sandbox}", null, null, tries, cancellationToken);
        }

        _singing.AddRange(canaries.Values.Select(canary => canary.RunAsync(cancellationToken)));
        return [.. canaries.Values];
    }
}
