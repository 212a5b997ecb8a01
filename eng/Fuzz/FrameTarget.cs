using System.Buffers;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Fuzz;

/// <summary>What a worker does with a guest's bytes before anything waits: cut them into frames, decode these, and render what runs say.</summary>
internal static class FrameTarget
{
    private static readonly FilePath Folder = new("/root"u8.ToArray());

    public static void Read(byte[] bytes)
    {
        var decoder = new FrameDecoder(SandboxId.New("00000001"), TimeProvider.System);
        var rest = new ReadOnlySequence<byte>(bytes);
        try
        {
            while (Frame.TryRead(ref rest, out var frame)) Take(decoder, frame);
        }
        catch (GuestProtocolException)
        {
            // The connection would be closed.
        }
    }

    private static void Take(FrameDecoder decoder, in Frame frame)
    {
        switch (frame.Header.Type)
        {
            case FrameType.Hello:
                decoder.Hello(frame);
                break;
            case FrameType.Ready:
                FrameDecoder.Ready(frame);
                break;
            case FrameType.Started:
                decoder.Started(frame);
                break;
            case FrameType.Taken or FrameType.Refused:
                AnswerDecoder.Decode(frame);
                break;
            case FrameType.Pong:
                AnswerDecoder.Pong(frame);
                break;
            case FrameType.Out:
                Render(decoder.Output(frame));
                break;
            case FrameType.End:
                Render(decoder.End(frame, out _));
                break;
            case FrameType.Event:
                Render(decoder.Event(frame));
                break;
            case FrameType.Late:
                Render(decoder.Late(frame));
                break;
            case FrameType.FileData or FrameType.FileNext or FrameType.FileEnd or (>= FrameType.FileOpened and <= FrameType.FileFailed):
                TakeFile(GuestFileFrame.Of(frame));
                break;
        }
    }

    private static void Render(GuestFrame frame)
    {
        EventLine.Render([frame], 0);
        EventLine.Render([frame], 0, isBinary: true);
    }

    private static void TakeFile(GuestFileFrame frame)
    {
        Try(() => frame.Opened());
        Try(() => frame.Page());
        Try(() => frame.Tree(Folder));
        Try(() => frame.FindEntry(Folder));
        Try(() => frame.Summary());
        Try(() => frame.Failure());
        frame.Data?.Return();
    }

    private static void Try(Action read)
    {
        try
        {
            read();
        }
        catch (FileTransferLostException)
        {
            // The transfer would be repeated.
        }
    }
}
