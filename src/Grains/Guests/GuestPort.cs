using System.Threading.Channels;
using Podflare.Resources;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>
/// The worker's end of one sandbox's guest: it outlives connections. The guest dials, <see cref="GuestListener"/> accepts.
/// </summary>
public sealed class GuestPort
{
    private readonly Lock _gate = new();
    private readonly GuestOptions _options;
    private readonly TimeProvider _time;
    private GuestInbox _inbox;
    private GuestConnection? _connection;
    private GuestHello? _hello;
    private TaskCompletionSource<GuestHello> _ready = NewReady();
    private DateTimeOffset? _awaySince;
    private ulong _lastTaken;
    private ulong _acknowledged;
    private bool _closed;
    private TimeSpan? _cpuTime;
    private ResourceSeries? _resources;

    /// <param name="relay">Takes the telemetry of the sandbox's programs; null where nobody does.</param>
    internal GuestPort(SandboxId sandbox, GuestOptions options, TimeProvider time, ITelemetryRelay? relay = null)
    {
        (Sandbox, _options, _time) = (sandbox, options, time);
        _inbox = new GuestInbox(options.MaxPendingBytes);
        _awaySince = time.GetUtcNow();
        Requests = new GuestRequests(options.MaxRequests);
        Telemetry = new GuestTelemetry(sandbox, relay);
    }

    /// <summary>The sandbox whose guest this is.</summary>
    public SandboxId Sandbox { get; }

    /// <summary>A guest is connected now.</summary>
    public bool Connected => AwaySince is null;

    /// <summary>Since when no guest is connected; null while one is.</summary>
    public DateTimeOffset? AwaySince
    {
        get { lock (_gate) return _awaySince; }
    }

    /// <summary>The version of the protocol that the guest speaks; null before it has connected for the first time.</summary>
    public int? Version
    {
        get { lock (_gate) return _hello?.Version; }
    }

    /// <summary>Programs of the sandbox can send telemetry to the guest.</summary>
    public bool HasRelay
    {
        get { lock (_gate) return _hello is { HasRelay: true }; }
    }

    /// <summary>CPU time that the container has used, as its guest reported it last; null while it has reported none.</summary>
    public TimeSpan? CpuTime
    {
        get { lock (_gate) return _cpuTime; }
    }

    /// <summary>Time between two samples of what the sandbox uses while somebody asks for them.</summary>
    internal TimeSpan SampleInterval => TimeSpan.FromSeconds(Math.Min(_options.PingSeconds, _options.SampleSeconds));

    /// <summary>What its sandbox has used over time; null for a container that waits in a pool.</summary>
    internal ResourceSeries? Resources
    {
        get { lock (_gate) return _resources; }
    }

    /// <summary>The guest is to exit, after everything else that is written to it.</summary>
    internal bool IsExiting { get; private set; }

    internal GuestRequests Requests { get; }

    internal GuestFiles Files { get; } = new();

    internal GuestTelemetry Telemetry { get; }

    /// <summary>The highest number that may be acknowledged to the guest; 0 for none.</summary>
    internal ulong Acknowledged
    {
        get { lock (_gate) return _acknowledged; }
    }

    /// <summary>Completes when a REPL answers (<c>READY</c>, or a <c>HELLO</c> with <c>repl</c> of 1 or more).</summary>
    /// <exception cref="SandboxUnreachableException">The port was closed.</exception>
    public Task<GuestHello> WaitReadyAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return _ready.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Becomes the only reader of this guest's events. What an earlier reader may have read without acknowledging is sent again: the
    /// first event is always <see cref="GuestConnected"/>. The earlier reader's channel completes.
    /// </summary>
    /// <remarks>The channel also completes when the port is closed, behind what had come until then.</remarks>
    public ChannelReader<GuestEvent> Attach()
    {
        lock (_gate)
        {
            var inbox = new GuestInbox(_options.MaxPendingBytes);
            if (_closed)
            {
                inbox.Complete();
                return inbox;
            }

            var untouched = _inbox.MoveTo(inbox);
            _inbox = inbox;
            if (!untouched)
            {
                // Only the guest still has what the earlier reader took: it dials again and sends all that was not acknowledged.
                _lastTaken = 0;
                _connection?.Close(ConnectionEnd.Restarted);
                Leave();
            }

            return inbox;
        }
    }

    /// <summary>All numbered frames up to <paramref name="number"/> are in the log: the guest drops them. Never blocks.</summary>
    public void Acknowledge(ulong number)
    {
        GuestConnection? connection;
        lock (_gate)
        {
            if (number <= _acknowledged) return;
            _acknowledged = number;
            connection = _connection;
        }

        connection?.Wake();
    }

    /// <summary>Ends the connection because its frames make no sense to their reader. The guest dials again.</summary>
    /// <param name="what">What it has sent.</param>
    public void Refuse(string what) => Current()?.Refuse(what);

    /// <summary>
    /// Sends a request and waits for the guest's answer, over as many connections as necessary, unless it must not arrive twice.
    /// </summary>
    /// <exception cref="OperationCanceledException">No answer before <paramref name="cancellationToken"/>.</exception>
    /// <exception cref="SandboxUnreachableException">
    /// Too many requests wait already (option), the port was closed, or the connection broke and the request cannot be repeated.
    /// </exception>
    /// <exception cref="ArgumentException">The request is larger than the 24 MiB that a guest accepts.</exception>
    public async Task<GuestAnswer> SendAsync(GuestRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = Requests.Add(RequestFrame.Of(request), request.IsRepeatable);
        try
        {
            Current()?.Wake();
            return await pending.Answer.WaitAsync(cancellationToken);
        }
        finally
        {
            Requests.Remove(pending);
        }
    }

    /// <summary>The container is a sandbox: from here on its guest is asked what it uses. Repeating it is safe.</summary>
    /// <param name="before">CPU time that it had used before; null where another process had it.</param>
    internal void Measure(string template, TimeSpan? before)
    {
        lock (_gate) _resources ??= _closed ? null : new ResourceSeries(template, before, TimeSpan.FromSeconds(_options.SampleSeconds), _options.SamplePoints, _time);
    }

    /// <summary>A connection has said <c>HELLO</c>: it takes the place of any other.</summary>
    /// <returns>False when the port is closed, or its reader is too far behind.</returns>
    internal bool Enter(GuestConnection connection, GuestHello hello, int bytes)
    {
        lock (_gate)
        {
            if (_closed) return false;
            _connection?.Close(ConnectionEnd.Replaced);
            Leave();
            var isOther = _hello is { } known && known.Boot != hello.Boot;
            if (isOther) (_lastTaken, _acknowledged) = (0, 0);
            _hello = hello;
            if (!_inbox.TryAdd(new GuestConnected(hello), bytes)) return false;
            _connection = connection;
            Files.Move(connection);
            Telemetry.Move(connection, isOther);
            _awaySince = null;
            if (hello.Repl > 0) _ready.TrySetResult(hello);
            return true;
        }
    }

    /// <summary>A REPL answers.</summary>
    internal bool TakeReady(GuestConnection connection, int repl, int bytes)
    {
        lock (_gate)
        {
            if (connection != _connection) return true;
            _hello = _hello! with { Repl = repl };
            _ready.TrySetResult(_hello);
            return _inbox.TryAdd(new GuestReady(repl), bytes);
        }
    }

    /// <summary>Takes an event, unless it is one that was taken before or its connection has been replaced.</summary>
    /// <returns>False when too much is waiting for the reader.</returns>
    internal bool Take(GuestConnection connection, GuestEvent item, int bytes)
    {
        lock (_gate)
        {
            if (connection != _connection) return true;
            if (item is not GuestFrame frame) return _inbox.TryAdd(item, bytes);
            if (frame.Number <= _lastTaken) return true;
            if (!_inbox.TryAdd(item, bytes)) return false;
            _lastTaken = frame.Number;
            return true;
        }
    }

    /// <summary>The guest reports what its container has used. User code may have taken it over, so it may say anything; it cannot take back what it said.</summary>
    internal void RecordCpuTime(GuestConnection connection, TimeSpan used)
    {
        lock (_gate)
        {
            if (connection == _connection && !(used <= _cpuTime)) _cpuTime = used;
        }

        Resources?.Count(used);
    }

    /// <summary>As <see cref="RecordCpuTime"/>, with the rest of what its sandbox has used at the end.</summary>
    internal void RecordLast(GuestConnection connection, TimeSpan used, TimeSpan? throttled, int? oomKills)
    {
        RecordCpuTime(connection, used);
        Resources?.Count(used, throttled, oomKills);
    }

    /// <summary>As <see cref="RecordCpuTime"/>, with all that the container uses.</summary>
    internal void Record(GuestConnection connection, ResourceSample sample)
    {
        RecordCpuTime(connection, sample.CpuTime);
        Resources?.Record(sample);
    }

    /// <summary>A connection has ended.</summary>
    internal void Lose(GuestConnection connection)
    {
        lock (_gate) if (connection == _connection) Leave();
    }

    /// <summary>Asks the guest to exit, if it is connected. Its container ends with it.</summary>
    internal void Exit()
    {
        IsExiting = true;
        Current()?.Wake();
    }

    /// <summary>Ends the connection, the reader, and all who wait.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _resources?.Close();
            _connection?.Close(ConnectionEnd.Stopped);
            Leave();
            _inbox.Complete();
            _ready.TrySetException(new SandboxUnreachableException());
            // Nobody may be waiting; then the exception is nobody's to see.
            _ = _ready.Task.Exception;
        }

        Requests.Close();
        Telemetry.Close();
    }

    private static TaskCompletionSource<GuestHello> NewReady() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GuestConnection? Current()
    {
        lock (_gate) return _connection;
    }

    private void Leave()
    {
        if (_connection is null) return;
        _connection = null;
        Files.Move(null);
        Telemetry.Move(null);
        _awaySince = _time.GetUtcNow();
        if (_ready.Task.IsCompleted) _ready = NewReady();
        // A reader that has seen nothing yet begins with the next connection, on which the guest sends all of this again.
        if (_inbox.TryClear()) _lastTaken = 0;
        else _inbox.TryAdd(new GuestDisconnected(), FrameHeader.Size);
    }
}
