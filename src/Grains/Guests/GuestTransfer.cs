using System.Threading.Channels;
using Podflare.Files;

namespace Podflare.Guests;

/// <summary>One file transfer with a guest. Disposing it before its end makes the guest undo it.</summary>
internal sealed class GuestTransfer(GuestFiles files, ulong number) : IDisposable
{
    // Never more than one chunk and a last word: the guest sends what it was asked for.
    private const int MaxWaiting = 4;
    private readonly Channel<GuestFileFrame> _frames = Channel.CreateBounded<GuestFileFrame>(MaxWaiting);

    public ulong Number => number;

    /// <summary>The guest has said its last word.</summary>
    public bool Ended { get; private set; }

    /// <summary>Hands a frame to the connection; never waits. The payload must not change afterwards.</summary>
    public void Send(FrameType type, ReadOnlyMemory<byte> payload) => files.Send(this, type, payload);

    /// <summary>Waits for the next frame, which must be of that type; instead of data there may be the end.</summary>
    /// <exception cref="FileRefusedException">The guest refuses.</exception>
    /// <exception cref="FileTransferLostException">The connection broke, or the guest's process for this transfer is gone.</exception>
    public async Task<GuestFileFrame> ReadAsync(FrameType expected, CancellationToken cancellationToken)
    {
        GuestFileFrame frame;
        try
        {
            frame = await _frames.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new FileTransferLostException();
        }

        if (frame.Type is FrameType.FileFailed) throw frame.Failure();
        return frame.Type == expected || expected is FrameType.FileData && frame.Type is FrameType.FileEnd ? frame : throw new FileTransferLostException();
    }

    /// <exception cref="GuestProtocolException">More frames than anybody asked for.</exception>
    internal void Take(GuestFileFrame frame)
    {
        Ended |= frame.Type is FrameType.FileEnd or FrameType.FileDone or FrameType.FileFailed;
        if (!_frames.Writer.TryWrite(frame) && !Ended) throw new GuestProtocolException("file frames that nobody asked for");
    }

    internal void Lose()
    {
        Ended = true;
        _frames.Writer.TryComplete();
    }

    public void Dispose()
    {
        files.Close(this);
        _frames.Writer.TryComplete();
    }
}
