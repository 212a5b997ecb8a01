using Microsoft.Extensions.Options;
using Podflare.Keys;

namespace Podflare.Http;

/// <summary>
/// The streams that are open in this process. When it stops they are given a time to end by themselves and are then cut, not ended:
/// a client sees a broken stream and resumes it elsewhere.
/// </summary>
internal sealed partial class OpenStreams(IHostApplicationLifetime lifetime, IOptions<HttpOptions> options, TimeProvider time, ILogger<OpenStreams> logger)
    : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _cut = new();
    private int _open;

    /// <summary>The process takes nothing new.</summary>
    public bool IsDraining => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Streams that are open now.</summary>
    public int Count => Volatile.Read(ref _open);

    /// <summary>Counts a response as a stream until the result is disposed, and lifts the limits that would end it.</summary>
    /// <param name="mayPause">A reader that pauses is no attack on a stream: its run waits for it, up to its own limits.</param>
    public Entry Track(HttpContext context, bool mayPause = true)
    {
        if (mayPause && context.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        Interlocked.Increment(ref _open);
        return new Entry(this, _cut.Token.UnsafeRegister(static context => ((HttpContext)context!).Abort(), context));
    }

    /// <summary>Refuses new work while the process stops.</summary>
    public void ThrowIfDraining()
    {
        if (IsDraining) throw new ShuttingDownException();
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        using var limit = new Deadline(options.Value.DrainSeconds, time, cancellationToken);
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

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _cut.Dispose();

    [LoggerMessage(LogLevel.Information, "Cutting {Count} open streams; their readers can resume elsewhere.")]
    private partial void LogCut(int count);

    /// <summary>One open stream.</summary>
    internal readonly struct Entry(OpenStreams owner, CancellationTokenRegistration cut) : IDisposable
    {
        public void Dispose()
        {
            cut.Dispose();
            Interlocked.Decrement(ref owner._open);
        }
    }
}
