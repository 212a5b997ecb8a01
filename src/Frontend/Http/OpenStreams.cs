using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Podflare.Hosting;
using Podflare.Resilience;

namespace Podflare.Http;

/// <summary>
/// Stops the server without breaking more than it must. First it serves on while <c>/readyz</c> answers 503, so that load balancers
/// notice (lame duck). Then it refuses new work and waits for open streams. Those that remain are cut, not ended, so that a client
/// sees a broken stream and resumes it elsewhere.
/// </summary>
internal sealed partial class OpenStreams(
    IHostApplicationLifetime lifetime, IOptions<HttpOptions> options, TimeProvider time, ILogger<OpenStreams> logger, PodflareProcess? process = null)
    : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stopNow = new();
    private readonly CancellationTokenSource _cut = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private volatile bool _isStopping;
    private volatile bool _isDraining;
    private int _open;

    /// <summary>Whether the process has been told to stop. It may still serve requests.</summary>
    public bool IsStopping => _isStopping || lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Streams that are open now.</summary>
    public int Count => Volatile.Read(ref _open);

    /// <summary>Counts a response as a stream until the result is disposed, and cuts it when the process stops or the caller's key ends.</summary>
    /// <param name="mayPause">Whether the client may stop reading for a while. A run waits for its readers, up to its own limits.</param>
    public Entry Track(HttpContext context, bool mayPause = true)
    {
        if (mayPause && context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        Interlocked.Increment(ref _open);
        var caller = context.Features.Get<Caller>()?.Ended ?? CancellationToken.None;
        return new Entry(this, _cut.Token.UnsafeRegister(Abort, context), caller.UnsafeRegister(Abort, context));
    }

    /// <exception cref="ShuttingDownException">The process is stopping and accepts no new work.</exception>
    public void ThrowIfDraining()
    {
        if (_isDraining) throw new ShuttingDownException();
    }

    /// <summary>Ends the lame duck time and the wait for open streams.</summary>
    public void StopNow() => _stopNow.Cancel();

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }) _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopNow.Token);
        // Without Redis this process is the whole cluster, and no load balancer has another server to choose.
        if (process is null or { Redis: not null }) await Task.Delay(TimeSpan.FromSeconds(options.Value.LameDuckSeconds), time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _isDraining = true;
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.DrainSeconds), time, stop.Token);
        try
        {
            while (Count > 0) await Task.Delay(PollInterval, time, limit.Token);
        }
        catch (OperationCanceledException)
        {
            LogCut(Count);
        }

        await _cut.CancelAsync();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _stopNow.Dispose();
        _cut.Dispose();
    }

    private static void Abort(object? context) => ((HttpContext)context!).Abort();

    // The first signal is the host's; whoever sends a second one does not want to wait.
    private void OnSignal(PosixSignalContext signal)
    {
        if (IsStopping) StopNow();
        signal.Cancel = true;
    }

    [LoggerMessage(LogLevel.Information, "Cutting {Count} open streams. Their readers can resume on another server.")]
    private partial void LogCut(int count);

    /// <summary>One open stream.</summary>
    internal readonly struct Entry(OpenStreams owner, CancellationTokenRegistration cut, CancellationTokenRegistration ended) : IDisposable
    {
        public void Dispose()
        {
            cut.Dispose();
            ended.Dispose();
            Interlocked.Decrement(ref owner._open);
        }
    }
}
