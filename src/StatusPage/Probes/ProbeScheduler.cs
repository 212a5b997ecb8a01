using Microsoft.Extensions.Options;
using Podflare.Components;

namespace Podflare.Probes;

/// <summary>Runs each probe of each target in its own time, and the clock of the monitor.</summary>
internal sealed partial class ProbeScheduler(
    HealthMonitor monitor, IOptions<ProbeOptions> options, TimeProvider time, ILogger<ProbeScheduler> logger) : BackgroundService
{
    private static readonly TimeSpan ControlLimit = TimeSpan.FromSeconds(3);

    private ProbeOptions Options => options.Value;

    /// <summary>Samples taken since the start, by component and outcome.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<(string Component, Outcome Outcome), long> SampleCounts { get; } = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await monitor.StartAsync(time.GetUtcNow(), stoppingToken);
        var loops = new List<Task> { TickAsync(stoppingToken) };
        foreach (var address in Options.PlatformAddresses)
        {
            loops.Add(LoopAsync(address, m => m.ReadyAsync(Ids.Api, stoppingToken), Options.ReadySeconds, Options.ReadySeconds, stoppingToken));
            loops.Add(LoopAsync(address, m => m.RunAsync(stoppingToken), Options.RunSeconds, Options.RunSeconds, stoppingToken));
            loops.Add(LoopAsync(address, m => m.ReplayAsync(stoppingToken), Options.ReplaySeconds, Options.RunSeconds, stoppingToken));
        }

        foreach (var address in Options.ProcessAddresses)
            loops.Add(LoopAsync(address, m => m.ReadyAsync(Ids.Workers, stoppingToken), Options.ReadySeconds, Options.ReadySeconds, stoppingToken));
        // None of them ends by itself: one that does has a fault nobody foresaw, and the process must not look alive with it.
        await await Task.WhenAny(loops);
    }

    /// <param name="again">Seconds to the next round after a failure: a rare probe must not take a quarter of an hour to be sure.</param>
    private async Task LoopAsync(Uri address, Func<ProbeRun, Task<ProbeResult>> probe, double seconds, double again, CancellationToken cancellationToken)
    {
        using var client = new PlatformClient(address, Options.Key);
        var target = HealthMonitor.Target(address);
        while (true)
        {
            var began = time.GetTimestamp();
            var result = await probe(new ProbeRun(client, target, Options, time));
            result = await WithoutOurOwnFaultsAsync(result, cancellationToken);
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
            // The database has said so; what is not stored becomes no data, and the next sample tries again.
        }
    }

    private async Task<ProbeResult> WithoutOurOwnFaultsAsync(ProbeResult result, CancellationToken cancellationToken)
    {
        if (Options.Control is null || result.Samples.All(s => s.Outcome != Outcome.Fail) || await ControlAnswersAsync(cancellationToken)) return result;
        LogControl(Options.Control);
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

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        var step = TimeSpan.FromSeconds(Math.Clamp(Math.Min(Options.ReadySeconds, Options.RunSeconds) / 2, 0.1, 5));
        using var timer = new PeriodicTimer(step, time);
        do
        {
            try
            {
                await monitor.TickAsync(time.GetUtcNow(), cancellationToken);
            }
            catch (Microsoft.Data.Sqlite.SqliteException)
            {
                // As above.
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    [LoggerMessage(LogLevel.Error, "{Target} refuses our key (401, 403 or 429): nothing is measured there until Status:Probes:Key is right.")]
    private partial void LogKeyRejected(string target);

    [LoggerMessage(LogLevel.Warning, "Probe of {Component} at {Target} failed: {Cause}.")]
    private partial void LogFailed(string component, string target, string? cause);

    [LoggerMessage(LogLevel.Warning, "The control address {Control} does not answer either: failures count as no data.")]
    private partial void LogControl(string control);
}
