using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;
using Podflare.Resilience;
using Podflare.Telemetry;

namespace Podflare.Egress;

/// <summary>
/// Keeps this worker's proxy running from the first sandbox that needs it, and tells it which sandbox may reach which hosts. What it was told
/// is kept here and told again to a proxy that has been restarted.
/// </summary>
public sealed partial class EgressProxySupervisor(
    IOptions<EgressOptions> options, IOptions<ProxyOptions> limits, EgressFolder folder, TimeProvider time, ILogger<EgressProxySupervisor> logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PortPatience = TimeSpan.FromSeconds(5);

    private readonly EgressOptions _options = options.Value;
    private readonly EgressProxyPort _port = new(Path.Combine(folder.Path, "port"), options.Value);
    private readonly EgressReportWriter _reports = new(logger);
    private readonly ConcurrentDictionary<string, (IPAddress Address, SandboxAccess Access)> _sandboxes = new();
    private readonly CancellationTokenSource _stop = new();
    // One change at a time, so that the proxy's table is ours.
    private readonly SemaphoreSlim _one = new(1);
    private readonly Lock _gate = new();
    private TaskCompletionSource<EgressProxyProcess> _running = NewRunning();
    private Task? _supervision;
    private string _trouble = "it is starting";

    /// <summary>Where sandboxes find it; null before the first start.</summary>
    public IPEndPoint? Address { get; private set; }

    /// <summary>Returns when the proxy runs, and starts it the first time.</summary>
    /// <param name="gateway">The host's address on the bridge.</param>
    /// <exception cref="EgressException">It does not run.</exception>
    public async Task EnsureAsync(IPAddress gateway, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_supervision is null)
            {
                _supervision = SuperviseAsync(gateway);
                Background.Run(logger, "egress proxy", _supervision);
            }
        }

        await GetRunningAsync(cancellationToken);
    }

    /// <summary>Lets a container reach the hosts of its list. Repeating it is fine.</summary>
    /// <exception cref="EgressException">The proxy does not run. It is told as soon as it does.</exception>
    public async Task RegisterAsync(string containerId, IPAddress address, SandboxAccess access, CancellationToken cancellationToken)
    {
        _sandboxes[containerId] = (address, access);
        var process = await GetRunningAsync(cancellationToken);
        await ChangeAsync(process, token => _sandboxes.ContainsKey(containerId) ? process.SetAsync(address, access, token) : Task.CompletedTask);
    }

    /// <summary>Ends the access of a container. It must come before the engine can give its address to another.</summary>
    public async Task ForgetAsync(string containerId)
    {
        if (!_sandboxes.TryRemove(containerId, out var sandbox)) return;
        // A proxy that does not run has no table.
        if (_running.Task is { IsCompletedSuccessfully: true, Result: var process }) await ChangeAsync(process, token => process.RemoveAsync(sandbox.Address, token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_supervision is { } supervision) await supervision.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<EgressProxyProcess> GetRunningAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _running.Task.WaitAsync(TimeSpan.FromSeconds(_options.ProxySeconds), time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new EgressException($"the egress proxy does not run: {_trouble}");
        }
    }

    private async Task ChangeAsync(EgressProxyProcess process, Func<CancellationToken, Task> change)
    {
        using var limit = new TimeLimit(TimeSpan.FromSeconds(_options.ProxySeconds), time, _stop.Token);
        try
        {
            await _one.WaitAsync(limit.Token);
            try
            {
                await change(limit.Token);
            }
            finally
            {
                _one.Release();
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // A table that may differ from ours is worse than none: the next process gets all of it.
            process.Kill();
        }
    }

    private async Task SuperviseAsync(IPAddress gateway)
    {
        var pause = new Backoff(FirstPause, LongestPause, time);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(gateway, pause);
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                _trouble = e.Message;
                LogDown(e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            finally
            {
                Instruments.Egress.OnDown();
                lock (_gate)
                {
                    if (_running.Task.IsCompleted) _running = NewRunning();
                }
            }

            Instruments.Egress.OnRestart();
            await ((Task)pause.WaitAsync(_stop.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOnceAsync(IPAddress gateway, Backoff pause)
    {
        await using var process = await StartAsync(gateway);
        await _one.WaitAsync(_stop.Token);
        try
        {
            using var limit = new TimeLimit(TimeSpan.FromSeconds(_options.ProxySeconds), time, _stop.Token);
            await process.ReplaceAsync(_sandboxes.Values.ToDictionary(entry => entry.Address.ToString(), entry => entry.Access), limit.Token);
            _running.SetResult(process);
        }
        finally
        {
            _one.Release();
        }

        LogUp(Address!, process.Id, _sandboxes.Count);
        Instruments.Egress.OnUp();
        try
        {
            await foreach (var report in process.ReadReportsAsync(_stop.Token))
            {
                pause.Reset();
                _reports.Write(report);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Its connection broke because it ended.
        }

        throw new EgressException($"it ended with {await process.EndAsync()}");
    }

    private async Task<EgressProxyProcess> StartAsync(IPAddress gateway)
    {
        Directory.CreateDirectory(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var started = time.GetTimestamp();
        var before = Address?.Port ?? _port.Read();
        while (true)
        {
            foreach (var port in Address is { } address ? [address.Port] : _port.Candidates())
            {
                using var limit = new TimeLimit(TimeSpan.FromSeconds(_options.ProxySeconds), time, _stop.Token);
                var settings = new ProxySettings(
                    $"{gateway}:{port}", Path.Combine(folder.Path, "control"), Environment.IsPrivilegedProcess ? (uint)_options.ProxyUser : null, _options.RefusedRanges, limits.Value);
                if (await EgressProxyProcess.StartAsync(settings, limit.Token) is { } process)
                {
                    Address = new IPEndPoint(gateway, port);
                    if (before is not null && before != port) LogOtherPort(before.Value, port);
                    _port.Write(port);
                    return process;
                }

                // A proxy that is just ending may still have the port that sandboxes know.
                if (port == before && time.GetElapsedTime(started) < PortPatience) break;
            }

            if (time.GetElapsedTime(started) >= PortPatience) throw new EgressException($"no port of {gateway} is free for it");
            await Task.Delay(FirstPause, time, _stop.Token);
        }
    }

    private static TaskCompletionSource<EgressProxyProcess> NewRunning() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(LogLevel.Information, "The egress proxy listens at {Address}, process {Process}, for {Sandboxes} sandboxes.")]
    private partial void LogUp(IPEndPoint address, int process, int sandboxes);

    [LoggerMessage(LogLevel.Error, "The egress proxy does not run; sandboxes with access to named hosts reach nothing until it does. {Reason}")]
    private partial void LogDown(string reason);

    [LoggerMessage(LogLevel.Warning, "The egress proxy had port {Before} and has port {Now} now; sandboxes that were started before reach nothing.")]
    private partial void LogOtherPort(int before, int now);
}
