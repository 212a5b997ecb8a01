namespace Podflare.Harness;

/// <summary>
/// The time of a test. It passes by itself as real time does, so that short pauses of the product need no help; the test moves it
/// forward over long ones with <see cref="Advance"/>, and moves the wall clock alone with <see cref="StepWall"/>.
/// </summary>
public sealed class Clock : TimeProvider, IDisposable
{
    // How many work items in a row a step lets pass through the thread pool, each queued behind what others have queued.
    private const int SettleHops = 20;

    private const int Patience = 2;

    private static readonly TimeSpan StepPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan UsualDelay = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly long _start = System.GetTimestamp();
    private readonly DateTimeOffset _wallStart = System.GetUtcNow();
    private readonly PriorityQueue<ClockTimer, (long Due, long Order)> _due = new();
    private readonly ITimer _alarm;
    private long _skipped;
    private long _wallOffset;
    private long _order;

    public Clock() => _alarm = System.CreateTimer(_ => FireDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Monotonic time.</summary>
    public override long GetTimestamp() => System.GetElapsedTime(_start).Ticks + Volatile.Read(ref _skipped);

    /// <summary>Wall-clock time.</summary>
    public override DateTimeOffset GetUtcNow() => _wallStart.AddTicks(GetTimestamp() + Volatile.Read(ref _wallOffset));

    /// <summary>Moves wall clock and monotonic clock forward; every timer that is due by then fires once, in order.</summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        Interlocked.Add(ref _skipped, time.Ticks);
        FireDue();
    }

    /// <summary><see cref="StepWall"/> was called.</summary>
    internal bool WasStepped { get; private set; }

    /// <summary>Sets the wall clock forward or back, as an operator or NTP does. Monotonic time and timers do not notice.</summary>
    public void StepWall(TimeSpan by)
    {
        WasStepped = true;
        Interlocked.Add(ref _wallOffset, by.Ticks);
    }

    /// <summary>Moves time forward step by step until a condition is met.</summary>
    /// <param name="step">Small enough for what happens on the way. Between two steps the process gets the real time that its work takes.</param>
    /// <param name="limit">The most that time is moved.</param>
    public async Task AdvanceUntilAsync(Func<Task<bool>> condition, TimeSpan step, TimeSpan limit)
    {
        for (var moved = TimeSpan.Zero; !await condition(); moved += step)
        {
            if (moved > limit) throw new TimeoutException($"Not met within {limit} of the test's time.");
            Advance(step);
            await SettleAsync();
        }
    }

    /// <summary>
    /// Lets the process do what a step has caused. On a busy machine a pause of the same length each time would let the test's time run away
    /// from that work, so a pause that took longer than it should have is extended by several times as much.
    /// </summary>
    private static async Task SettleAsync()
    {
        var began = System.GetTimestamp();
        await Task.Delay(StepPause, System, TestContext.Current.CancellationToken);
        for (var hop = 0; hop < SettleHops; hop++)
        {
            var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreadPool.UnsafeQueueUserWorkItem(static passed => passed.SetResult(), passed, preferLocal: false);
            await passed.Task;
        }

        var late = System.GetElapsedTime(began) - StepPause - UsualDelay;
        if (late > TimeSpan.Zero) await Task.Delay(late < LongestPause / Patience ? Patience * late : LongestPause, System, TestContext.Current.CancellationToken);
    }

    /// <inheritdoc cref="AdvanceUntilAsync(Func{Task{bool}}, TimeSpan, TimeSpan)"/>
    public Task AdvanceUntilAsync(Func<bool> condition, TimeSpan step, TimeSpan limit) => AdvanceUntilAsync(() => Task.FromResult(condition()), step, limit);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ClockTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Dispose() => _alarm.Dispose();

    internal void Arm(ClockTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            timer.Period = period;
            timer.Due = dueTime == Timeout.InfiniteTimeSpan ? null : GetTimestamp() + dueTime.Ticks;
            if (timer.Due is { } due) _due.Enqueue(timer, (due, timer.Order = ++_order));
        }

        FireDue();
    }

    internal void Disarm(ClockTimer timer)
    {
        lock (_lock) timer.Due = null;
    }

    private void FireDue()
    {
        lock (_lock)
        {
            while (_due.TryPeek(out var timer, out var at))
            {
                // Re-armed or disposed since: an entry that is no longer the timer's own.
                if (timer.Due != at.Due || timer.Order != at.Order)
                {
                    _due.Dequeue();
                    continue;
                }

                var now = GetTimestamp();
                if (at.Due > now)
                {
                    _alarm.Change(TimeSpan.FromTicks(Math.Max(at.Due - now, TimeSpan.TicksPerMillisecond)), Timeout.InfiniteTimeSpan);
                    return;
                }

                _due.Dequeue();
                timer.Due = timer.Period <= TimeSpan.Zero ? null : at.Due + timer.Period.Ticks is var regular && regular > now ? regular : now + timer.Period.Ticks;
                if (timer.Due is { } next) _due.Enqueue(timer, (next, timer.Order = ++_order));
                timer.Fire();
            }
        }
    }
}

/// <summary>A timer of <see cref="Clock"/>. Its callback runs on the thread pool, as a system timer's does.</summary>
internal sealed class ClockTimer(Clock clock, TimerCallback callback, object? state) : ITimer
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();

    public TimeSpan Period { get; set; }

    public long? Due { get; set; }

    public long Order { get; set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        clock.Arm(this, dueTime, period);
        return true;
    }

    public void Fire() => ThreadPool.UnsafeQueueUserWorkItem(
        static timer =>
        {
            if (timer._context is { } context) ExecutionContext.Run(context, static self => ((ClockTimer)self!).Call(), timer);
            else timer.Call();
        },
        this,
        preferLocal: false);

    public void Dispose() => clock.Disarm(this);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Call() => callback(state);
}
