using System.Buffers.Binary;
using System.Net.Sockets;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Fuzz;

/// <summary>
/// A guest that sends what <see cref="FrameMaker"/> makes. Behind each frame it sends one that the worker must acknowledge, so it knows what
/// became of each, and how long that took.
/// </summary>
internal sealed class FuzzedGuest(string path, string boot, FrameMaker maker) : IDisposable
{
    private const int MaxRequests = 32;
    private const int MaxRuns = 8;

    private readonly byte[] _received = new byte[256 * 1024];
    private readonly List<OpenRequest> _requests = [];
    private readonly List<RunId> _runs = [];
    private Socket? _socket;
    private int _length;
    private ulong _next = 1;
    private bool _isWelcome;
    private ulong _acknowledged;

    /// <summary>Sends a frame, over a new connection where there is none.</summary>
    /// <returns>Null when nobody listens any more: the sandbox has ended.</returns>
    public async Task<(FrameOutcome Outcome, FuzzedFrame Frame)?> SendAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        if (_socket is null && (!await DialAsync(late.Token) || !await GreetAsync(change: false, late.Token))) return null;
        if (maker.Chance(0.01)) return await SendHelloAsync(late.Token);
        var frame = maker.Make(_next, _runs, _requests);
        try
        {
            return (await SendAsync(frame, late.Token), frame);
        }
        catch (OperationCanceledException)
        {
            Disconnect();
            return (FrameOutcome.Hang, frame);
        }
    }

    public void Dispose() => Disconnect();

    private async Task<(FrameOutcome Outcome, FuzzedFrame Frame)?> SendHelloAsync(CancellationToken limit)
    {
        Disconnect();
        if (!await DialAsync(limit)) return null;
        var hello = new FuzzedFrame([], FrameType.Hello, IsWhole: true, TakesNumber: false);
        try
        {
            var isWelcome = await GreetAsync(change: true, limit);
            // What it has said of the numbers is not known.
            Disconnect();
            return (isWelcome ? FrameOutcome.Accepted : FrameOutcome.Closed, hello);
        }
        catch (OperationCanceledException)
        {
            Disconnect();
            return (FrameOutcome.Hang, hello);
        }
    }

    private async Task<FrameOutcome> SendAsync(FuzzedFrame frame, CancellationToken limit)
    {
        if (frame.TakesNumber) _next++;
        try
        {
            if (!frame.IsWhole)
            {
                // Half a frame is not an error: the worker waits for the rest until the connection ends.
                await WriteAsync(frame.Bytes, limit);
                _socket!.Shutdown(SocketShutdown.Send);
                while (await ReceiveAsync(limit))
                {
                }

                Disconnect();
                return FrameOutcome.Closed;
            }

            var last = _next++;
            byte[] mark = FrameMaker.Frame(FrameType.Late, last, [.. new byte[16], 1, (byte)'\n'], FrameMaker.Now);
            await WriteAsync((byte[])[.. frame.Bytes, .. mark], limit);
            while (_acknowledged < last)
            {
                if (await ReceiveAsync(limit)) continue;
                Disconnect();
                return FrameOutcome.Closed;
            }
        }
        catch (SocketException)
        {
            Disconnect();
            return FrameOutcome.Closed;
        }

        if (frame.Type is FrameType.End && frame.TakesNumber) _runs.RemoveAll(run => frame.Bytes.AsSpan(FrameHeader.Size).StartsWith(run.ToBytes()));
        var isKnown = Enum.IsDefined(frame.Type) && frame.Type is not (FrameType.Welcome or FrameType.Ack or FrameType.Ping or (>= FrameType.Env and <= FrameType.Context) or FrameType.File or FrameType.FileCancel);
        return isKnown && (frame.TakesNumber || !FrameMaker.IsNumbered(frame.Type)) ? FrameOutcome.Accepted : FrameOutcome.SetAside;
    }

    private async Task<bool> DialAsync(CancellationToken limit)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return false;
        }

        (_socket, _length, _isWelcome, _acknowledged) = (socket, 0, false, 0);
        _requests.Clear();
        return true;
    }

    /// <returns>False when the worker has closed the connection.</returns>
    private async Task<bool> GreetAsync(bool change, CancellationToken limit)
    {
        try
        {
            await WriteAsync(maker.Hello(boot, _next, _runs, change), limit);
            while (!_isWelcome)
                if (!await ReceiveAsync(limit)) return false;
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken limit)
    {
        while (bytes.Length > 0) bytes = bytes[await _socket!.SendAsync(bytes, limit)..];
    }

    /// <returns>False at the end of the connection.</returns>
    private async Task<bool> ReceiveAsync(CancellationToken limit)
    {
        var count = await _socket!.ReceiveAsync(_received.AsMemory(_length), limit);
        if (count == 0) return false;
        _length += count;
        var start = 0;
        while (_length - start >= FrameHeader.Size)
        {
            var payload = (int)BinaryPrimitives.ReadUInt32BigEndian(_received.AsSpan(start));
            if (_length - start < FrameHeader.Size + payload) break;
            Take((FrameType)_received[start + 4], BinaryPrimitives.ReadUInt64BigEndian(_received.AsSpan(start + 5)), _received[(start + FrameHeader.Size)..(start + FrameHeader.Size + payload)]);
            start += FrameHeader.Size + payload;
        }

        _received.AsSpan(start, _length - start).CopyTo(_received);
        _length -= start;
        return true;
    }

    private void Take(FrameType type, ulong number, byte[] payload)
    {
        switch (type)
        {
            case FrameType.Welcome:
                _isWelcome = true;
                break;
            case FrameType.Ack:
                _acknowledged = BinaryPrimitives.ReadUInt64BigEndian(payload);
                break;
            case FrameType.Ping:
                break;
            default:
                if (_requests.Count < MaxRequests) _requests.Add(new OpenRequest(type, number, payload));
                if (type is not FrameType.Run) break;
                var text = System.Text.Json.Nodes.JsonNode.Parse(payload.AsSpan(sizeof(int), (int)BinaryPrimitives.ReadUInt32BigEndian(payload)))!;
                _runs.Add(RunId.Parse((string)text["run"]!, null));
                if (_runs.Count > MaxRuns) _runs.RemoveAt(0);
                break;
        }
    }

    private void Disconnect()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
