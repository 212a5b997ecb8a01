using System.Collections.Immutable;
using Podflare.Feed;

namespace Podflare.Webhooks;

/// <summary>What a webhook does next, and what becomes of its record. Pure functions.</summary>
/// <param name="Retries">Seconds before each attempt.</param>
/// <param name="MaxPending">Events that may wait.</param>
/// <param name="MaxLogged">Deliveries that are shown after their end.</param>
internal sealed record WebhookSchedule(IReadOnlyList<double> Retries, int MaxPending, int MaxLogged)
{
    public static WebhookSchedule Of(WebhookOptions options) => new(WebhookCallOptions.ParseSchedule(options.RetrySeconds), options.MaxPending, options.MaxLogged);

    /// <summary>The delivery whose attempt is due for the longest time; of several, the oldest event's. Null when there is none.</summary>
    public static PendingDelivery? FindDue(WebhookRecord record, DateTimeOffset now) =>
        record.State is WebhookState.Active && !(record.PausedUntil > now) && record.Pending.MinBy(pending => pending.NextAt) is { } next && next.NextAt <= now ? next : null;

    /// <summary>When the next attempt is due; null when nothing waits.</summary>
    public static DateTimeOffset? NextAt(WebhookRecord record)
    {
        if (record.State is not WebhookState.Active || record.Pending.MinBy(pending => pending.NextAt) is not { } next) return null;
        return record.PausedUntil > next.NextAt ? record.PausedUntil : next.NextAt;
    }

    /// <summary>Whether events of the feed can be taken.</summary>
    public bool HasRoom(WebhookRecord record) => record.State is WebhookState.Active && record.Pending.Length < MaxPending;

    /// <summary>Takes the next events of the feed that the webhook wants, as many as there is room for.</summary>
    /// <param name="slice">The feed after <see cref="WebhookRecord.Cursor"/>.</param>
    public WebhookRecord Take(WebhookRecord record, FeedSlice slice, DateTimeOffset now)
    {
        // A cursor beyond the newest event is one of a store that came back with older data: what it has is new.
        var cursor = record.Cursor > slice.Newest ? slice.Oldest - 1 : record.Cursor;
        var skipped = Math.Max(0, slice.Oldest - 1 - cursor);
        cursor += skipped;
        var pending = record.Pending.ToBuilder();
        foreach (var entry in slice.Entries)
        {
            if (pending.Count >= MaxPending) break;
            if (entry.Seq <= cursor) continue;
            cursor = entry.Seq;
            if (record.Events.Any(pattern => FeedEventType.Matches(pattern, entry.Type))) pending.Add(WebhookMessage.Of(entry, now));
        }

        return record with { Cursor = cursor, Skipped = record.Skipped + skipped, Pending = pending.ToImmutable() };
    }

    /// <summary>Adds a delivery out of turn, or makes the one that waits due at once.</summary>
    public static WebhookRecord Add(WebhookRecord record, PendingDelivery delivery)
    {
        var known = record.Pending.FirstOrDefault(pending => pending.EventId == delivery.EventId);
        return record with { Pending = known is null ? record.Pending.Add(delivery) : record.Pending.Replace(known, known with { NextAt = delivery.NextAt, Tries = 0 }) };
    }

    /// <summary>Records an attempt.</summary>
    /// <param name="jitter">From 0 to 1.</param>
    public WebhookRecord Apply(WebhookRecord record, PendingDelivery delivery, WebhookAttempt attempt, DateTimeOffset now, double ms, double jitter)
    {
        if (record.Pending.FirstOrDefault(pending => pending.EventId == delivery.EventId) is not { } current) return record;
        var tried = current with { Attempts = [.. current.Attempts.TakeLast(MaxAttemptsShown - 1), new DeliveryAttempt(now, attempt.Outcome, Math.Round(ms, 1))], Tries = current.Tries + 1 };
        if (attempt.Result is WebhookResult.Success) return End(record, current, tried, DeliveryState.Delivered);
        if (attempt.Result is WebhookResult.Gone) return Disable(End(record, current, tried, DeliveryState.Failed), "it answered 410 Gone");

        var pausedUntil = attempt.Result is WebhookResult.SlowDown ? now + WebhookRetryPolicy.ClampRetryAfter(attempt.RetryAfter) : record.PausedUntil;
        record = record with { PausedUntil = pausedUntil };
        if (current.Seq is null) return End(record, current, tried, DeliveryState.Failed);
        return WebhookRetryPolicy.NextAttempt(Retries, tried.Tries, now, jitter) is { } next
            ? record with { Pending = record.Pending.Replace(current, tried with { NextAt = next }) }
            : Disable(End(record, current, tried, DeliveryState.Failed), "the last attempt of a delivery failed");
    }

    /// <summary>Calls the webhook no more. What waits is kept, for the case that it is enabled again.</summary>
    public static WebhookRecord Disable(WebhookRecord record, string because) => record with { State = WebhookState.Disabled, DisabledBecause = because, PausedUntil = null };

    /// <summary>Calls the webhook again: with what waits, and with what the feed has had meanwhile.</summary>
    public static WebhookRecord Enable(WebhookRecord record, DateTimeOffset now) => record with
    {
        State = WebhookState.Active,
        DisabledBecause = null,
        PausedUntil = null,
        Pending = [.. record.Pending.Select(pending => pending with { NextAt = now, Tries = 0 })],
    };

    private const int MaxAttemptsShown = 20;

    private WebhookRecord End(WebhookRecord record, PendingDelivery current, PendingDelivery tried, DeliveryState state) => record with
    {
        Pending = record.Pending.Remove(current),
        Log = [.. record.Log.Where(logged => logged.EventId != tried.EventId).TakeLast(MaxLogged - 1), tried.ToDelivery(state)],
    };
}
