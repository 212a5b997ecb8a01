using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Podflare.Guests;

/// <summary>
/// A guest's events on their way to one reader, bounded by bytes. The reader of the socket must never wait for it, so what does not fit is
/// refused instead. A channel bounds by count only; its count here is the bytes' limit over the smallest frame, so that the bytes decide.
/// </summary>
internal sealed class GuestInbox : ChannelReader<GuestEvent>
{
    // What an event costs in memory beside its bytes. A guest that keeps to its own limit of 8 MiB stays below ours with it, even where
    // each of its frames has a single byte of output.
    private const int EventOverhead = 64;

    private readonly Lock _gate = new();
    private readonly int _maxBytes;
    private readonly Channel<(GuestEvent Event, int Bytes)> _events;
    private long _pendingBytes;
    private bool _taken;

    public GuestInbox(int maxBytes)
    {
        _maxBytes = maxBytes;
        // Twice: each connect may be followed by a disconnect, which is never refused.
        _events = Channel.CreateBounded<(GuestEvent, int)>(2 * (maxBytes / (FrameHeader.Size + EventOverhead)) + 2);
    }

    public override Task Completion => _events.Reader.Completion;

    public override bool CanCount => true;

    public override int Count => _events.Reader.Count;

    /// <summary>False when the event does not fit into what is left of the limit; a disconnect always does.</summary>
    public bool TryAdd(GuestEvent item, int bytes)
    {
        lock (_gate)
        {
            bytes += EventOverhead;
            if (_pendingBytes + bytes > _maxBytes && item is not GuestDisconnected) return false;
            if (!_events.Writer.TryWrite((item, bytes))) return false;
            _pendingBytes += bytes;
            return true;
        }
    }

    /// <summary>Forgets everything, unless the reader has taken something.</summary>
    public bool TryClear()
    {
        lock (_gate)
        {
            if (_taken) return false;
            Drain(into: null);
            return true;
        }
    }

    /// <summary>Ends this reader for a new one. What it has not begun to take moves on to <paramref name="next"/>; what it has begun is forgotten.</summary>
    /// <returns>False when the reader had taken something.</returns>
    public bool MoveTo(GuestInbox next)
    {
        lock (_gate)
        {
            Drain(_taken ? null : next);
            _events.Writer.TryComplete();
            return !_taken;
        }
    }

    /// <summary>Nothing follows; what has come can still be read.</summary>
    public void Complete() => _events.Writer.TryComplete();

    public override bool TryRead([MaybeNullWhen(false)] out GuestEvent item)
    {
        lock (_gate)
        {
            if (!_events.Reader.TryRead(out var entry))
            {
                item = null;
                return false;
            }

            _pendingBytes -= entry.Bytes;
            _taken = true;
            item = entry.Event;
            return true;
        }
    }

    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        _events.Reader.WaitToReadAsync(cancellationToken);

    private void Drain(GuestInbox? into)
    {
        while (_events.Reader.TryRead(out var entry)) into?.TryAdd(entry.Event, entry.Bytes - EventOverhead);
        _pendingBytes = 0;
    }
}
