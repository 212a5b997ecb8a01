using Microsoft.Extensions.Options;
using Podflare.Background;
using Podflare.Components;

namespace Podflare.Probes;

/// <summary>Runs each probe of each target at its own interval, and evaluates the monitor regularly.</summary>
internal sealed partial class ProbeScheduler(
    HealthMonitor monitor, IOptions<ProbeOptions> options, Supervisor supervisor, TimeProvider time, ILogger<ProbeScheduler> logger) : SupervisedService("probes", supervisor)
{
    private static readonly TimeSpan ControlLimit = TimeSpan.FromSeconds(3);

    private ProbeOptions Options => options.Value;

    /// <summary>Samples taken since the start, by component and outcome.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<(string Component, Outcome Outcome), long> SampleCounts { get; } = new();

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        await monitor.EnsureComponentsAsync(time.GetUtcNow(), stoppingToken);
        // Each loop is restarted on its own, so that the failure of one probe does not interrupt the others.
        var loops = new List<Task> { Supervisor.RunAsync("evaluation", EvaluateAsync, stoppingToken) };
        foreach (var address in Options.PlatformAddresses)
        {
            loops.Add(LoopAsync(address, m => m.ReadyAsync(Ids.Api, stoppingToken), Options.ReadySeconds, Options.ReadySeconds, stoppingToken));
            loops.Add(LoopAsync(address, m => m.RunAsync(stoppingToken), Options.RunSeconds, Options.RunSeconds, stoppingToken));
            loops.Add(LoopAsync(address, m => m.ReplayAsync(stoppingToken), Options.ReplaySeconds, Options.RunSeconds, stoppingToken));
        }

        foreach (var address in Options.ProcessAddresses)
            loops.Add(LoopAsync(address, m => m.ReadyAsync(Ids.Workers, stoppingToken), Options.ReadySeconds, Options.ReadySeconds, stoppingToken));
        await Task.WhenAll(loops);
    }

    /// <param name="again">Seconds until the next round after a failure, so that a rare probe does not need a quarter of an hour to confirm an outage.</param>
    private Task LoopAsync(Uri address, Func<ProbeRun, Task<ProbeResult>> probe, double seconds, double again, CancellationToken cancellationToken) =>
        Supervisor.RunAsync("probe", token => RepeatAsync(address, probe, seconds, again, token), cancellationToken);

    private async Task RepeatAsync(Uri address, Func<ProbeRun, Task<ProbeResult>> probe, double seconds, double again, CancellationToken cancellationToken)
    {
        using var client = new PlatformClient(address, Options.Key);
        var target = HealthMonitor.Target(address);
        while (true)
        {
            var began = time.GetTimestamp();
            var result = await probe(new ProbeRun(client, target, Options, time));
            result = await DiscardOwnNetworkFailuresAsync(result, cancellationToken);
            await RecordAsync(result, cancellationToken);
            var failed = result.Samples.Any(s => s.Outcome != Outcome.Ok);
            var wait = TimeSpan.FromSeconds(failed ? Math.Min(again, seconds) : seconds) - time.GetElapsedTime(began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task RecordAsync(ProbeResult result, CancellationToken cancellationToken)
    {
        foreach (var sample in result.Samples)
        {
            SampleCounts.AddOrUpdate((sample.Component, sample.Outcome), 1, (_, n) => n + 1);
            if (sample.Cause == ProbeException.KeyRejected) LogKeyRejected(sample.Target);
            else if (sample.Outcome == Outcome.Fail) LogFailed(sample.Component, sample.Target, sample.Cause);
        }

        try
        {
            await monitor.RecordAsync(result, time.GetUtcNow(), cancellationToken);
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // The database has logged it. The sample is lost and becomes no data; the next one is tried again.
        }
    }

    private async Task<ProbeResult> DiscardOwnNetworkFailuresAsync(ProbeResult result, CancellationToken cancellationToken)
    {
        if (Options.Control is null || result.Samples.All(s => s.Outcome != Outcome.Fail) || await ControlAnswersAsync(cancellationToken)) return result;
        LogControlUnreachable(Options.Control);
        return result with
        {
            Samples = [.. result.Samples.Select(s => s.Outcome == Outcome.Fail ? s with { Outcome = Outcome.NoData, Cause = "our_network" } : s)],
        };
    }

    private async Task<bool> ControlAnswersAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ControlLimit);
        try
        {
            using var response = await http.GetAsync(Options.Control, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task EvaluateAsync(CancellationToken cancellationToken)
    {
        var step = TimeSpan.FromSeconds(Math.Clamp(Math.Min(Options.ReadySeconds, Options.RunSeconds) / 2, 0.1, 5));
        using var timer = new PeriodicTimer(step, time);
        do
        {
            try
            {
                await monitor.EvaluateAsync(time.GetUtcNow(), cancellationToken);
            }
            catch (Microsoft.Data.Sqlite.SqliteException)
            {
                // The database has logged it.
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    [LoggerMessage(LogLevel.Error, "{Target} rejected the API key (401, 403 or 429). Nothing is measured there until Status__Probes__Key is correct.")]
    private partial void LogKeyRejected(string target);

    [LoggerMessage(LogLevel.Warning, "Probe of {Component} at {Target} failed: {Cause}.")]
    private partial void LogFailed(string component, string target, string? cause);

    [LoggerMessage(LogLevel.Warning, "The control address {Control} does not answer either, so failures are recorded as no data.")]
    private partial void LogControlUnreachable(string control);
}
