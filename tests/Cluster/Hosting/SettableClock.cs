namespace Podflare.Hosting;

/// <summary>The system's time with a wall clock that can be set, and a monotonic clock that can be stopped as it does while a machine is suspended.</summary>
internal sealed class SettableClock : TimeProvider
{
    private TimeSpan _ahead;
    private long _suspended;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

    public override long GetTimestamp() => System.GetTimestamp() - _suspended;

    public void StepWall(TimeSpan by) => _ahead += by;

    /// <summary>The machine was suspended: as if the monotonic clock had stood still for this time.</summary>
    public void Suspend(TimeSpan time) => _suspended += (long)(time.TotalSeconds * TimestampFrequency);
}
