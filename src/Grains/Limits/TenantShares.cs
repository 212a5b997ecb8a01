using Microsoft.Extensions.Options;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>
/// What tenants may use on this process. Each process holds a share of each limit, so that a request costs no call. Only what a share does not allow
/// is asked for before it is refused.
/// </summary>
public sealed class TenantShares(ShareTable shares, ShareExchange exchange, IOptions<QuotaOptions> options, TimeProvider time)
{
    private TimeSpan AskInterval => TimeSpan.FromMilliseconds(options.Value.AskMilliseconds);

    /// <summary>Takes one from a rate.</summary>
    public ValueTask<RateDecision> TakeAsync(TenantId tenant, QuotaKind kind, RateLimit limit, CancellationToken cancellationToken)
    {
        var share = shares.RateOf(tenant, kind, limit);
        return share.TryTake(limit, out var left, out var wait)
            ? new ValueTask<RateDecision>(new RateDecision(true, left, TimeSpan.Zero))
            : AskAndTakeAsync(share, limit, wait, cancellationToken);
    }

    /// <summary>Takes a permit, first come, first served.</summary>
    /// <param name="patience">How long to wait where the tenant has none left.</param>
    /// <returns>Null when none came in time, or too many wait.</returns>
    public async ValueTask<Permit?> EnterAsync(TenantId tenant, QuotaKind kind, int limit, TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            var share = shares.PermitsOf(tenant, kind, limit);
            if (share.TryEnter(limit)) return new Permit(share);
            if (share.Wait() is { } waiter) return await WaitAsync(share, waiter, patience, cancellationToken) ? new Permit(share) : null;
            if (!share.IsRetired) return null;
        }
    }

    /// <summary>A permit that is in use already, as for a run that an earlier process of this host has started.</summary>
    public Permit Adopt(TenantId tenant, QuotaKind kind, int limit)
    {
        while (true)
        {
            var share = shares.PermitsOf(tenant, kind, limit);
            if (share.Enter()) return new Permit(share);
        }
    }

    private async ValueTask<RateDecision> AskAndTakeAsync(RateShare share, RateLimit limit, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (share.IsRetired) return await TakeAsync(share.Tenant, share.Kind, limit, cancellationToken);
        var (began, left) = (time.GetTimestamp(), 0);
        var patience = TimeSpan.FromSeconds(options.Value.ListenSeconds) + ShareExchange.AnswerLimit;
        while (true)
        {
            if (exchange.Ask(share) is { } asked) await IsDoneAsync(asked, patience - time.GetElapsedTime(began), cancellationToken);
            if (share.TryTakeAgain(out left, out wait)) return new RateDecision(true, left, TimeSpan.Zero);

            // A process that has no share yet waits until a new board has heard all others. One that has a share refuses at once.
            if (share.HasShare || !exchange.IsListening || time.GetElapsedTime(began) >= patience) return new RateDecision(false, 0, wait);
            await Task.Delay(AskInterval, time, cancellationToken);
        }
    }

    private async Task<bool> WaitAsync(PermitShare share, LinkedListNode<TaskCompletionSource> waiter, TimeSpan patience, CancellationToken cancellationToken)
    {
        // Long enough to ask the board, which may have been asked a moment ago.
        if (patience < 2 * AskInterval) patience = 2 * AskInterval;
        var (permit, began, listening) = (waiter.Value.Task, time.GetTimestamp(), TimeSpan.FromSeconds(options.Value.ListenSeconds) + ShareExchange.AnswerLimit);
        try
        {
            // A board that still listens to the processes has no answer yet.
            while (!permit.IsCompleted && (exchange.IsListening && patience < listening ? listening : patience) - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
            {
                // What others release reaches this process when it asks again.
                _ = exchange.Ask(share);
                await IsDoneAsync(permit, left < AskInterval ? left : AskInterval, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            if (share.StopWaiting(waiter)) share.Leave();
            throw;
        }

        return share.StopWaiting(waiter);
    }

    private async Task<bool> IsDoneAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (limit <= TimeSpan.Zero) return task.IsCompleted;
        try
        {
            await task.WaitAsync(limit, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
