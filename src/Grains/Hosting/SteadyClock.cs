namespace Podflare.Hosting;

/// <summary>A clock that goes by the monotonic clock from its start on: setting the wall clock does not move it.</summary>
/// <remarks>
/// Orleans' timers wait until a time of day, and the collector of idle grains refuses a time before its last round. After the wall clock was set
/// back, both would stand still until it has caught up: no probes, no reminders, and no activation of a grain.
/// </remarks>
/// <param name="now">The time at which the clock starts.</param>
internal class SteadyClock(TimeProvider time, DateTimeOffset now) : TimeProvider
{
    private readonly long _start = time.GetTimestamp();
    private long _origin = now.UtcTicks;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long GetTimestamp() => time.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _origin) + time.GetElapsedTime(_start).Ticks, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);

    /// <summary>Moves the clock forward to this time. An earlier time than that of the clock changes nothing.</summary>
    protected void CatchUp(DateTimeOffset now)
    {
        while (true)
        {
            var origin = Volatile.Read(ref _origin);
            var behind = now - GetUtcNow();
            if (behind <= TimeSpan.Zero || Interlocked.CompareExchange(ref _origin, origin + behind.Ticks, origin) == origin) return;
        }
    }
}
