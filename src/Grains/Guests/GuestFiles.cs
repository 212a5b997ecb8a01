using System.Buffers;
using Podflare.Files;

namespace Podflare.Guests;

/// <summary>The file transfers of one guest. Each belongs to one connection and ends with it: a broken transfer is repeated whole.</summary>
internal sealed class GuestFiles
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, GuestTransfer> _transfers = [];

    // One chunk of each transfer at most, and a few frames without payload.
    private readonly Queue<(ulong Number, RequestFrame Frame)> _outbox = [];
    private GuestConnection? _connection;
    private ulong _last;

    /// <exception cref="SandboxUnreachableException">No guest is connected.</exception>
    public GuestTransfer Open(FileTask task)
    {
        GuestTransfer transfer;
        lock (_gate)
        {
            if (_connection is null) throw new SandboxUnreachableException();
            transfer = new GuestTransfer(this, ++_last);
            _transfers[transfer.Number] = transfer;
        }

        transfer.Send(FrameType.File, task.ToJson());
        return transfer;
    }

    /// <summary>From now on this connection carries the transfers; those of another are lost.</summary>
    public void Move(GuestConnection? connection)
    {
        lock (_gate)
        {
            _connection = connection;
            _outbox.Clear();
            foreach (var transfer in _transfers.Values) transfer.Lose();
            _transfers.Clear();
        }
    }

    /// <summary>A frame of a transfer has come; one of a transfer that has ended is dropped.</summary>
    /// <exception cref="GuestProtocolException">More than was asked for.</exception>
    public void Take(GuestConnection connection, in Frame frame)
    {
        GuestTransfer? transfer;
        lock (_gate) transfer = connection == _connection ? _transfers.GetValueOrDefault(frame.Header.Number) : null;
        if (transfer is null) return;
        if (frame.Header.Length > FileChunk.MaxBytes) throw new GuestProtocolException("a file frame of more than 1 MiB");
        transfer.Take(GuestFileFrame.Of(frame));
    }

    /// <summary>The next frame for this connection.</summary>
    public bool TryNext(GuestConnection connection, out (ulong Number, RequestFrame Frame) next)
    {
        lock (_gate)
        {
            next = default;
            return connection == _connection && _outbox.TryDequeue(out next);
        }
    }

    internal void Send(GuestTransfer transfer, FrameType type, ReadOnlyMemory<byte> payload)
    {
        GuestConnection? connection;
        lock (_gate)
        {
            // A lost transfer's reader is told by its next read.
            if (!_transfers.ContainsKey(transfer.Number)) return;
            _outbox.Enqueue((transfer.Number, new RequestFrame(type, payload, default)));
            connection = _connection;
        }

        connection?.Wake();
    }

    internal void Close(GuestTransfer transfer)
    {
        if (!transfer.Ended) Send(transfer, FrameType.FileCancel, default);
        lock (_gate) _transfers.Remove(transfer.Number);
    }
}
