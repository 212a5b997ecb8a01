using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Podflare.Telemetry;

namespace Podflare.Guests;

/// <summary>
/// One accepted socket. It reads without ever waiting for a reader of events, writes one frame after the other, and closes itself when the
/// guest falls silent or breaks the protocol.
/// </summary>
internal sealed partial class GuestConnection(Socket socket, GuestPort port, GuestOptions options, TimeProvider time, ILogger logger)
    : IDisposable
{
    // Idle guests are the many: no buffer is held while one of them says nothing.
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 65_536, minimumReadSize: 4_096, useZeroByteReads: true);

    private readonly CancellationTokenSource _stop = new();
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly FrameDecoder _decoder = new(port.Sandbox, time);
    private FrameWriter? _writer;
    private ulong _acknowledged;
    private ulong _telemetryTaken;
    private ulong _requests;
    private int _wakes;
    private int _end = -1;
    private long _heard = time.GetTimestamp();
    private ulong _next;
    private int _version;
    private volatile bool _greeted;
    private volatile bool _pingDue;

    /// <summary>The guest has said <c>HELLO</c>.</summary>
    public bool Greeted => _greeted;

    /// <summary>The guest has broken the protocol.</summary>
    public bool IsBroken => (ConnectionEnd)Volatile.Read(ref _end) is ConnectionEnd.Malformed or ConnectionEnd.Gap or ConnectionEnd.Overflow;

    /// <summary>Serves the connection until it ends. Never throws.</summary>
    public async Task RunAsync()
    {
        // Reading comes last: where a guest sends without a pause it does not return to start the others, nor to accept a newer one.
        await Task.Yield();
        await Task.WhenAll(GuardAsync(BeatAsync), GuardAsync(ReadAsync));
        Dispose();
        port.Lose(this);
        Instruments.GuestDisconnects.Add(1, new KeyValuePair<string, object?>("reason", ((ConnectionEnd)_end).ToString().ToLowerInvariant()));
        LogClosed(port.Sandbox, (ConnectionEnd)_end);
    }

    /// <summary>
    /// Something is to be written: an acknowledgement or a request. It is written here, as far as the socket takes it without waiting;
    /// what others ask for meanwhile is written by the one who is at it. Never throws.
    /// </summary>
    public void Wake()
    {
        if (_greeted && Interlocked.Increment(ref _wakes) == 1) _ = GuardAsync(WriteAsync);
    }

    /// <summary>Ends the connection because the guest has broken the protocol.</summary>
    /// <param name="what">What it has sent.</param>
    public void Refuse(string what)
    {
        Close(ConnectionEnd.Malformed);
        LogBroken(port.Sandbox, what, ConnectionEnd.Malformed);
    }

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void Close(ConnectionEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, -1) != -1) return;
        // Callers hold locks, and what this wakes wants them too: it must run elsewhere.
        _ = _stop.CancelAsync();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _stop.Dispose();
    }

    private async Task GuardAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            // The caller of Wake may be on a grain's scheduler, which is not to be held by a slow guest.
            await loop(_stop.Token).ConfigureAwait(false);
        }
        catch (GuestProtocolException e)
        {
            Close(e.End);
            LogBroken(port.Sandbox, e.Message, e.End);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Close(ConnectionEnd.Closed);
        }
        catch (Exception e)
        {
            // Nobody awaits this: without the log line our own mistake would be a guest that seems to go away.
            Close(ConnectionEnd.Failed);
            LogFailed(e, port.Sandbox);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(_stream, ReaderOptions);
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken);
                Volatile.Write(ref _heard, time.GetTimestamp());
                var buffer = result.Buffer;
                while (Frame.TryRead(ref buffer, out var frame)) Take(frame);
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (!result.IsCompleted) continue;
                Close(ConnectionEnd.Closed);
                return;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private void Take(in Frame frame)
    {
        if (!_greeted)
        {
            Greet(frame);
            return;
        }

        switch (frame.Header.Type)
        {
            case FrameType.Hello:
                throw new GuestProtocolException("a second HELLO");
            case FrameType.Ready:
                if (FrameDecoder.Ready(frame) is { } repl) Fit(port.TakeReady(this, repl, frame.WireBytes));
                break;
            case FrameType.Started:
                Fit(port.Take(this, _decoder.Started(frame), frame.WireBytes));
                break;
            case FrameType.Taken or FrameType.Refused:
                var answer = AnswerDecoder.Decode(frame);
                if (answer is GuestTaken { CpuTime: { } used } taken) port.RecordLast(this, used, taken.Throttled, taken.OomKills);
                port.Requests.Answer(this, frame.Header.Number, answer);
                break;
            case FrameType.Pong:
                if (AnswerDecoder.Sample(frame) is { } sample) port.Record(this, sample);
                else if (AnswerDecoder.Pong(frame) is { } cpu) port.RecordCpuTime(this, cpu);
                break;
            case FrameType.Out when IsNext(frame.Header.Number):
                Fit(port.Take(this, _decoder.Output(frame), frame.WireBytes));
                break;
            case FrameType.End when IsNext(frame.Header.Number):
                Fit(port.Take(this, End(frame), frame.WireBytes));
                break;
            case FrameType.Event when IsNext(frame.Header.Number):
                Fit(port.Take(this, _decoder.Event(frame), frame.WireBytes));
                break;
            case FrameType.Late when IsNext(frame.Header.Number):
                Fit(port.Take(this, _decoder.Late(frame), frame.WireBytes));
                break;
            case FrameType.FileData or FrameType.FileNext or FrameType.FileEnd or (>= FrameType.FileOpened and <= FrameType.FileFailed):
                port.Files.Take(this, frame);
                break;
            case FrameType.Otlp:
                port.Telemetry.Take(this, frame);
                break;
        }
    }

    private void Greet(in Frame frame)
    {
        if (frame.Header.Type != FrameType.Hello) throw new GuestProtocolException("another frame before HELLO");
        var hello = _decoder.Hello(frame);
        (_next, _version) = (hello.First, hello.Version);
        Fit(port.Enter(this, hello, frame.WireBytes));
        _greeted = true;
        LogConnected(port.Sandbox, hello.Boot, hello.First, hello.Runs.Length);
        Wake();
    }

    private GuestRunEnded End(in Frame frame)
    {
        var end = _decoder.End(frame, out var unknownReason);
        if (unknownReason is not null) LogReason(port.Sandbox, end.Run);
        return end;
    }

    private bool IsNext(ulong number)
    {
        if (number < _next) return false;
        if (number > _next) throw new GuestProtocolException("a gap in the numbers", ConnectionEnd.Gap);
        _next++;
        return true;
    }

    private static void Fit(bool taken)
    {
        if (!taken) throw new GuestProtocolException("more than its reader has room for", ConnectionEnd.Overflow);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _wakes);
            await WriteDueAsync(cancellationToken).ConfigureAwait(false);
        }
        while (Interlocked.Add(ref _wakes, -seen) != 0);
    }

    private async ValueTask WriteDueAsync(CancellationToken cancellationToken)
    {
        if (_writer is not { } writer)
        {
            writer = _writer = new FrameWriter(_stream, time);
            writer.AddWelcome(_version);
        }

        if (_pingDue)
        {
            _pingDue = false;
            writer.AddPing(port.Resources?.TakeTurn(TimeSpan.FromSeconds(options.PingSeconds)) is true);
        }

        if (port.Acknowledged is var number && number > _acknowledged) writer.AddAck(_acknowledged = number);
        if (port.Telemetry.Taken is var taken && taken > _telemetryTaken) writer.AddOtlpTaken(_telemetryTaken = taken);
        while (port.Requests.Next(this, _requests + 1) is { } request)
            await writer.AddAsync(request.Frame, ++_requests, cancellationToken).ConfigureAwait(false);
        if (port.Files.TryNext(this, out var file))
        {
            await writer.AddAsync(file.Frame, file.Number, cancellationToken).ConfigureAwait(false);
            Wake();  // one at a time, so that no acknowledgement and no request waits for many
        }

        if (port.IsExiting) writer.AddExit();
        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        var silence = TimeSpan.FromSeconds(options.SilenceSeconds);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.PingSeconds), time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (time.GetElapsedTime(Volatile.Read(ref _heard)) >= silence)
            {
                Close(ConnectionEnd.Silent);
                return;
            }

            _pingDue = true;
            Wake();
        }
    }
}
