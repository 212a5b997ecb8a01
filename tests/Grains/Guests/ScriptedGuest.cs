using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>
/// The supervisor of one scripted container. It speaks the real frame protocol over the sandbox's real unix socket, and keeps what was
/// not acknowledged as the real one does: whatever breaks, the frames come again.
/// </summary>
/// <remarks>Parts: this file is the connection and the ring, <c>.Runs</c> what the worker asks for.</remarks>
public sealed partial class ScriptedGuest : IAsyncDisposable
{
    private static readonly TimeSpan Redial = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly string _socketPath;
    private readonly Clock _clock;
    private readonly GuestPrograms _programs;
    private readonly CancellationTokenSource _dead = new();
    private readonly Queue<(ulong Number, byte[] Frame)> _ring = new();
    private GuestLink? _link;
    private ulong _lastNumber;
    private bool _isAway;
    private bool _isFrozen;
    private bool _holdsFrames;
    private int _repl;
    private Task _dialing = Task.CompletedTask;

    internal ScriptedGuest(SandboxId sandbox, string socketPath, Clock clock, GuestPrograms programs, bool ready)
    {
        (Sandbox, _socketPath, _clock, _programs) = (sandbox, socketPath, clock, programs);
        _repl = ready ? 1 : 0;
    }

    public SandboxId Sandbox { get; }

    /// <summary>The socket on which the worker listens for it.</summary>
    public string SocketPath => _socketPath;

    /// <summary>Another value on a connection means that the supervisor was started anew.</summary>
    public string Boot { get; set; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>The highest version of the protocol that it offers.</summary>
    public int MaxVersion { get; set; } = 3;

    /// <summary>The CPU time that it reports; null for an older guest, which reports none.</summary>
    public TimeSpan? CpuTime { get; set; } = TimeSpan.Zero;

    /// <summary>Whether it exits when the worker asks for that, as only a guest of this version does.</summary>
    public bool Exits { get; set; } = true;

    /// <summary>Ends its container.</summary>
    internal Action? Exit { get; set; }

    /// <summary>Changes the payload of the next <c>HELLO</c>s.</summary>
    public Func<JsonObject, JsonObject>? RewriteHello { get; set; }

    /// <summary>Connections on which the worker has answered.</summary>
    public int Connections { get; private set; }

    /// <summary>A worker is connected.</summary>
    public bool IsConnected
    {
        get { lock (_lock) return _link is { Welcomed: true }; }
    }

    /// <summary>Numbered frames that the worker has not acknowledged.</summary>
    public int Unacknowledged
    {
        get { lock (_lock) return _ring.Count; }
    }

    /// <summary>Number of the newest frame.</summary>
    public ulong LastNumber
    {
        get { lock (_lock) return _lastNumber; }
    }

    /// <summary>Closes the connection; the guest dials again at once.</summary>
    public void Disconnect()
    {
        lock (_lock)
        {
            _link?.Dispose();
            _link = null;
        }
    }

    /// <summary>Closes the connection and dials no more.</summary>
    public void StayAway()
    {
        lock (_lock) _isAway = true;
        Disconnect();
    }

    public void ComeBack()
    {
        lock (_lock) _isAway = false;
    }

    /// <summary>Keeps the connection open but neither reads nor writes, as a paused process.</summary>
    public void Freeze()
    {
        lock (_lock)
        {
            _isFrozen = true;
            _link?.Freeze();
        }
    }

    public void Thaw()
    {
        lock (_lock)
        {
            _isFrozen = false;
            _link?.Thaw();
        }
    }

    /// <summary>Numbered frames stay in the ring from now on, as behind a slow link. Answers and other frames are sent.</summary>
    public void HoldFrames()
    {
        lock (_lock) _holdsFrames = true;
    }

    /// <summary>Sends what <see cref="HoldFrames"/> has kept.</summary>
    public void ReleaseFrames()
    {
        lock (_lock)
        {
            _holdsFrames = false;
            if (_link is { Welcomed: true } link) SendRing(link);
        }
    }

    /// <summary>The REPL answers, where <see cref="Engine.ScriptedEngine.GuestsBecomeReady"/> was false.</summary>
    public void BecomeReady()
    {
        lock (_lock)
        {
            _repl++;
            Send(FrameType.Ready, 0, $$"""{"repl":{{_repl}}}""");
        }
    }

    /// <summary>Sends one output frame of at most 64 KiB.</summary>
    public void SendOutput(RunId run, bool isError, byte[] bytes) => SendNumbered(FrameType.Out, [.. run.ToBytes(), (byte)(isError ? 2 : 1), .. bytes]);

    /// <summary>Sends anything as the next numbered frame, and keeps it until it is acknowledged.</summary>
    /// <param name="time">Unix time in ms; null for now.</param>
    internal ulong SendNumbered(FrameType type, byte[] payload, long? time = null)
    {
        lock (_lock)
        {
            var number = ++_lastNumber;
            var frame = Frame(type, number, payload, time ?? Now());
            _ring.Enqueue((number, frame));
            if (!_holdsFrames && _link is { Welcomed: true } link) link.Send(frame);
            return number;
        }
    }

    /// <summary>Sends a frame that is not kept; without a connection it is dropped.</summary>
    internal void Send(FrameType type, ulong number, string json) => Send(type, number, Encoding.UTF8.GetBytes(json));

    /// <inheritdoc cref="Send(FrameType, ulong, string)"/>
    internal void Send(FrameType type, ulong number, byte[] payload, long? time = null) => SendRaw(Frame(type, number, payload, time ?? Now()));

    /// <summary>Sends bytes that need not be a frame.</summary>
    public void SendRaw(byte[] bytes)
    {
        lock (_lock)
        {
            if (_link is { Welcomed: true } link) link.Send(bytes);
        }
    }

    /// <summary>The supervisor dies, and with it every run.</summary>
    public async ValueTask DisposeAsync()
    {
        await _dead.CancelAsync();
        Thaw();
        Disconnect();
        await _dialing;
    }

    internal void Start()
    {
        using (ExecutionContext.SuppressFlow()) _dialing = Task.Run(() => Task.WhenAll(DialAsync(), ServeRunsAsync()));
    }

    private async Task DialAsync()
    {
        while (!_dead.IsCancellationRequested)
        {
            bool may;
            lock (_lock) may = !_isAway && !_isFrozen;
            if (may && await GuestLink.DialAsync(_socketPath, CancellationToken.None) is { } link)
            {
                lock (_lock)
                {
                    _link = link;
                    link.Send(Frame(FrameType.Hello, 0, Encoding.UTF8.GetBytes(Hello().ToJsonString()), Now()));
                }

                await link.RunAsync((type, number, payload) => Take(link, type, number, payload), _dead.Token);
                lock (_lock)
                {
                    if (_link == link) _link = null;
                }
            }

            await Task.Delay(Redial, TimeProvider.System, _dead.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private JsonObject Hello()
    {
        var hello = new JsonObject
        {
            ["version"] = 1,
            ["boot"] = Boot,
            ["first"] = _ring.TryPeek(out var oldest) ? oldest.Number : _lastNumber + 1,
            ["repl"] = _repl,
            ["runs"] = HelloRuns(),
        };
        if (MaxVersion > 1) hello["max_version"] = MaxVersion;
        return RewriteHello?.Invoke(hello) ?? hello;
    }

    private void Take(GuestLink link, FrameType type, ulong number, byte[] payload)
    {
        lock (_lock)
        {
            if (_link != link) return;
            switch (type)
            {
                case FrameType.Welcome:
                    link.Welcomed = true;
                    Connections++;
                    if (!_holdsFrames) SendRing(link);
                    break;
                case FrameType.Exit:
                    if (Exits) Exit?.Invoke();
                    break;
                case FrameType.Ping:
                    Send(FrameType.Pong, 0, CpuTime is { } cpu && payload.Length > 0 ? CpuBytes(cpu) : []);
                    break;
                case FrameType.Ack:
                    Acknowledge(BinaryPrimitives.ReadUInt64BigEndian(payload));
                    break;
                case >= FrameType.File and <= FrameType.FileCancel:
                    TakeFile(type, number, payload);
                    break;
                default:
                    TakeRequest(type, number, payload);
                    break;
            }
        }
    }

    private static byte[] CpuBytes(TimeSpan cpu)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)cpu.TotalNanoseconds);
        return bytes;
    }

    private void SendRing(GuestLink link)
    {
        foreach (var (_, frame) in _ring) link.Send(frame);
    }

    private void Acknowledge(ulong number)
    {
        while (_ring.TryPeek(out var oldest) && oldest.Number <= number) NoteAcknowledged(oldest.Number, _ring.Dequeue().Frame);
        ForgetEnded(number);
    }

    private long Now() => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static byte[] Frame(FrameType type, ulong number, byte[] payload, long time)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(payload.Length, type, number, time).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }
}
