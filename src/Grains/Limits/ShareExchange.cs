using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Podflare.Hosts;
using Podflare.Telemetry;

namespace Podflare.Limits;

/// <summary>The kinds of limits that this process divides with others: rates on a frontend, runs on a worker.</summary>
/// <param name="Counted">Complete when this process knows what it already uses of them.</param>
public sealed record QuotaKinds(ImmutableArray<QuotaKind> Values, Task Counted);

/// <summary>
/// Exchanges this process's shares with the board: all of them from time to time, and one at once when it does not suffice. One exchange is under
/// way at a time, so that each says what this process holds.
/// </summary>
public sealed partial class ShareExchange(
    ShareTable shares, IGrainFactory grains, ILocalSiloDetails silo, ISiloStatusOracle silos, HostSilos hosts, LimitEnforcement enforcement, QuotaKinds kinds, IOptions<QuotaOptions> options,
    TimeProvider time, ILogger<ShareExchange> logger)
    : BackgroundService
{
    /// <summary>Time for the answer of the board.</summary>
    internal static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    private readonly ConcurrentQueue<(TenantShare Share, TaskCompletionSource Done)> _asked = new();
    private readonly HashSet<TenantShare> _shrunk = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly string _process = silo.SiloAddress.ToParsableString();
    private ImmutableDictionary<QuotaKind, int> _processes = ImmutableDictionary<QuotaKind, int>.Empty;
    private long _sequence;
    private long _answeredAt;
    private long _beganAt;
    private bool _heldShares;
    private bool _failing;
    private volatile bool _isListening = true;

    /// <summary>The board has granted nothing yet, because it has not heard what all processes hold.</summary>
    internal bool IsListening => _isListening;

    private TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.ExchangeMilliseconds);

    private bool IsWorkerOnly => kinds.Values is [QuotaKind.Running];

    // A frontend tells the board that it authenticates callers, and a worker learns it.
    private bool IsAlwaysTold => enforcement.IsOn || IsWorkerOnly;

    /// <summary>Asks the board for a share at once.</summary>
    /// <returns>Completes with the exchange; null when the board was asked for it a moment ago.</returns>
    internal Task? Ask(TenantShare share) => share.Ask(TimeSpan.FromMilliseconds(options.Value.AskMilliseconds), () =>
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked.Enqueue((share, done));
        Wake();
        return done.Task;
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _answeredAt = time.GetTimestamp();
        if (!IsWorkerOnly) enforcement.Learn(false);
        await WaitUntilCountedAsync(stoppingToken);
        using var timer = time.CreateTimer(_ => Wake(), null, TimeSpan.Zero, Interval);
        while (!stoppingToken.IsCancellationRequested)
        {
            await _wake.Reader.ReadAsync(stoppingToken);
            List<(TenantShare Share, TaskCompletionSource Done)> asked = [];
            while (_asked.TryDequeue(out var one)) asked.Add(one);
            try
            {
                // Timers fire a little early.
                if (_beganAt == 0 || time.GetElapsedTime(_beganAt) >= Interval * 0.9) await ExchangeAllAsync(stoppingToken);
                else await ExchangeSomeAsync([.. asked.Select(one => one.Share).Concat(_shrunk).Where(share => !share.IsRetired).Distinct()], stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                OnFailed(e);
            }
            finally
            {
                foreach (var (_, done) in asked) done.TrySetResult();
            }
        }
    }

    // A first report without the runs that go on in this host's sandboxes would let others start as many again.
    private async Task WaitUntilCountedAsync(CancellationToken stoppingToken)
    {
        try
        {
            await kinds.Counted.WaitAsync(TimeSpan.FromSeconds(options.Value.ListenSeconds), time, stoppingToken);
        }
        catch (TimeoutException)
        {
            // The host may be unable to start for long, as without its container engine.
        }
    }

    private async Task ExchangeAllAsync(CancellationToken cancellationToken)
    {
        _beganAt = time.GetTimestamp();
        var held = shares.Active();
        // Before this process has joined and a worker is there, a call would wait for its timeout.
        if (hosts.Alive().Count > 0 && (held.Length > 0 || _heldShares || IsAlwaysTold)) await ExchangeAsync(held, isPartial: false, cancellationToken);
        else if (!_failing) _answeredAt = _beganAt;
        _heldShares = held.Length > 0;
    }

    private Task ExchangeSomeAsync(TenantShare[] needed, CancellationToken cancellationToken)
    {
        if (needed.Length == 0) return Task.CompletedTask;
        if (hosts.Alive().Count > 0) return ExchangeAsync(needed, isPartial: true, cancellationToken);

        // There is no worker that could have the board. A request is answered with what the cluster lacks, not with a limit.
        UseEqualParts(needed);
        return Task.CompletedTask;
    }

    private async Task ExchangeAsync(TenantShare[] held, bool isPartial, CancellationToken cancellationToken)
    {
        _shrunk.ExceptWith(held);
        var sentAt = time.GetTimestamp();
        var exchange = new QuotaExchange(_process, ++_sequence, kinds.Values, enforcement.IsLocal, isPartial, [.. held.Select(share => share.Report(endsInterval: !isPartial))]);
        var answer = await grains.GetGrain<IQuotaBoardGrain>(IQuotaBoardGrain.Key).Exchange(exchange).WaitAsync(AnswerLimit, time, cancellationToken);
        (_answeredAt, _isListening, _failing) = (sentAt, answer.IsListening, false);
        if (answer.IsEnforced || !answer.IsListening) enforcement.Learn(answer.IsEnforced);
        if (answer.Processes.Length == kinds.Values.Length) _processes = kinds.Values.Zip(answer.Processes).ToImmutableDictionary(pair => pair.First, pair => pair.Second);
        foreach (var share in answer.Shares)
        {
            if (shares.Find(share.Tenant, share.Kind) is { } own && own.Apply(share.Amount, share.Tokens)) _shrunk.Add(own);
        }

        // Others wait for what this process was told to give up.
        if (_shrunk.Count > 0) Wake();
    }

    private void OnFailed(Exception e)
    {
        if (!_failing) LogNotExchanged(e);
        _failing = true;
        Instruments.QuotaExchangeFailures.Add(1);
        if (time.GetElapsedTime(_answeredAt) < TimeSpan.FromSeconds(options.Value.SilenceSeconds)) return;

        // The board takes what this process held for released. With an equal part each, all processes together stay within the limit.
        UseEqualParts(shares.Active());
    }

    private void UseEqualParts(TenantShare[] some)
    {
        foreach (var share in some) share.ApplyEqualPart(ProcessesOf(share.Kind));
    }

    private int ProcessesOf(QuotaKind kind) =>
        Math.Max(1, _processes.TryGetValue(kind, out var known) ? known : silos.GetApproximateSiloStatuses(onlyActive: true).Count);

    private void Wake() => _wake.Writer.TryWrite(true);

    [LoggerMessage(LogLevel.Warning, "The shares in the limits of tenants could not be exchanged; trying again twice a second.")]
    private partial void LogNotExchanged(Exception exception);
}
