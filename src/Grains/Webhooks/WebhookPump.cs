using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Podflare.Resilience;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Webhooks;

/// <summary>Calls the receiver of one webhook with what is due, one call at a time, and takes events of the feed as long as there is room for them.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer and without a wait handle has nothing to dispose of.")]
internal sealed partial class WebhookPump(
    TenantId tenant, WebhookId id, WebhookRecordWriter writer, WebhookSecrets secrets, WebhookDependencies services, TimeProvider time, ILogger logger)
{
    private const int EventsPerRead = 200;
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private Task _pumping = Task.CompletedTask;
    private IGrainTimer? _timer;
    private bool _wasWoken;

    public void Start(IGrainBase grain) => _timer = grain.RegisterGrainTimer(
        _ =>
        {
            Wake();
            return Task.CompletedTask;
        },
        new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });

    /// <summary>The calls stop; what was under way is made again by the next activation.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _pumping.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Something may be due.</summary>
    public void Wake()
    {
        _wasWoken = true;
        if (!_pumping.IsCompleted || !writer.Exists || _stopping.IsCancellationRequested) return;
        _pumping = PumpAsync();
        Background.Run(logger, "webhook", _pumping);
    }

    /// <summary>Makes every call that is due, and takes events of the feed as long as there is room for them.</summary>
    private async Task PumpAsync()
    {
        TimeSpan? pause;
        do
        {
            _wasWoken = false;
            pause = await TryMakeAllAsync() ? await writer.TryFlushWhenDueAsync() : FailurePause;
        }
        while (_wasWoken && pause != FailurePause && !_stopping.IsCancellationRequested);
        if (!writer.Exists || _stopping.IsCancellationRequested) return;

        var now = time.GetUtcNow();
        var next = pause == FailurePause ? null : WebhookSchedule.NextAt(writer.Current);
        if (pause is { } wait && (next is null || now + wait < next)) next = now + wait;
        if (next is { } at) _timer?.Change(at > now ? at - now : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    /// <returns>False when it failed.</returns>
    private async Task<bool> TryMakeAllAsync()
    {
        try
        {
            while (writer.Exists && await StepAsync()) await Task.Yield();
            return true;
        }
        catch (WebhookNotFoundException)
        {
            // It was deleted meanwhile.
            return true;
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            if (!Transient.IsTransient(e)) LogFailed(e, id, tenant);
            return false;
        }
    }

    /// <returns>False when there is nothing to do now.</returns>
    private async Task<bool> StepAsync()
    {
        var record = writer.Current;
        if (WebhookSchedule.FindDue(record, time.GetUtcNow()) is { } due)
        {
            await CallAsync(record, due);
            return true;
        }

        if (!services.Schedule.HasRoom(record)) return false;
        var slice = await services.Log.ReadAsync(tenant, record.Cursor, EventsPerRead, _stopping.Token);
        if (slice.Entries.Count == 0 && record.Cursor == slice.Newest) return false;
        await writer.ChangeAsync(current => services.Schedule.Take(current, slice, time.GetUtcNow()), mustStore: false);
        if (writer.Current.Skipped > record.Skipped) Instruments.WebhookSkipped.Add(writer.Current.Skipped - record.Skipped);
        return writer.Current.Cursor != record.Cursor;
    }

    private async Task CallAsync(WebhookRecord record, PendingDelivery due)
    {
        var now = time.GetUtcNow();
        if (secrets.OpenAll(record, now) is not { Count: > 0 } current)
        {
            await ApplyAsync(stored => WebhookSchedule.Disable(stored, "its secret cannot be read: PODFLARE_SECRET_KEY is not the one of before; rotate the secret"));
            return;
        }

        var began = time.GetTimestamp();
        var attempt = await services.Calls.CallAsync(tenant, new WebhookCall(record.Url, due.EventId, now, due.Body, current), _stopping.Token);
        var ms = time.GetElapsedTime(began).TotalMilliseconds;
        await ApplyAsync(stored => services.Schedule.Apply(stored, due, attempt, time.GetUtcNow(), ms, Random.Shared.NextDouble()));
    }

    private async Task ApplyAsync(Func<WebhookRecord, WebhookRecord> change)
    {
        if (!writer.Exists) return;
        var before = writer.Current.State;
        await writer.ChangeAsync(change, mustStore: false);
        if (before is WebhookState.Disabled || writer.Current.State is WebhookState.Active) return;
        Instruments.WebhookDisabled.Add(1);
        LogDisabled(id, tenant, writer.Current.DisabledBecause ?? "");
    }

    [LoggerMessage(LogLevel.Error, "Webhook {Webhook} of {Tenant} could not go on; it is tried again.")]
    private partial void LogFailed(Exception exception, WebhookId webhook, TenantId tenant);

    [LoggerMessage(LogLevel.Warning, "Webhook {Webhook} of {Tenant} is disabled: {Reason}.")]
    private partial void LogDisabled(WebhookId webhook, TenantId tenant, string reason);
}
