namespace Podflare.Harness;

/// <summary>The clock as one silo's process sees it: its wall clock can be wrong, and its timers stop with its power.</summary>
internal sealed class SiloClock(Clock clock, Power power) : TimeProvider
{
    private long _wallOffset;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override long GetTimestamp() => clock.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow().AddTicks(Volatile.Read(ref _wallOffset));

    public void StepWall(TimeSpan by) => Interlocked.Add(ref _wallOffset, by.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(
            value =>
            {
                if (!power.IsOff) callback(value);
            },
            state,
            dueTime,
            period);
}
