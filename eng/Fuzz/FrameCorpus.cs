using System.Text;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Fuzz;

/// <summary>What afl-fuzz begins with: for each frame of <see cref="Corpus"/> a connection that has a <c>HELLO</c> and this frame.</summary>
internal static class FrameCorpus
{
    private const string Boot = "0123456789abcdef0123456789abcdef";

    private static readonly RunId Run = RunId.Parse("run_0123456789abcdef0123456789abcdef", null);

    public static IEnumerable<(string Name, byte[] Bytes)> Files()
    {
        var hello = Frame(FrameType.Hello, 0, Json(Corpus.Hello.Replace("BOOT", Boot, StringComparison.Ordinal).Replace("FIRST", "1", StringComparison.Ordinal)));
        var index = 0;
        foreach (var (type, payload) in Frames()) yield return ($"{index++:D2}-{type}", [.. hello, .. Frame(type, 1, payload)]);
    }

    private static IEnumerable<(FrameType Type, byte[] Payload)> Frames()
    {
        var run = Run.ToBytes();
        foreach (var json in Corpus.Ready) yield return (FrameType.Ready, Json(json));
        foreach (var json in Corpus.Taken) yield return (FrameType.Taken, Json(json));
        foreach (var json in Corpus.Refused) yield return (FrameType.Refused, Json(json));
        foreach (var json in Corpus.End) yield return (FrameType.End, [.. run, .. Json(json)]);
        foreach (var json in Corpus.FileChange) yield return (FrameType.Event, [.. run, 4, .. Json(json)]);
        foreach (var body in Corpus.Results) yield return (FrameType.Event, [.. run, 1, .. body]);
        foreach (var json in Corpus.Opened) yield return (FrameType.FileOpened, Json(json));
        foreach (var json in Corpus.Done) yield return (FrameType.FileDone, Json(json));
        foreach (var json in Corpus.Failed) yield return (FrameType.FileFailed, Json(json));
        yield return (FrameType.Out, [.. run, 1, .. "a\né\r\n"u8]);
        yield return (FrameType.Out, [.. run, 3, 0x1b, (byte)'[', 0xff]);
        yield return (FrameType.Event, [.. run, 2, 1, .. "name: "u8]);
        yield return (FrameType.Event, [.. run, 3, 0, 0, 0, 7]);
        yield return (FrameType.Late, [.. run, 1, .. "late\n"u8]);
        yield return (FrameType.Late, [.. run, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
        yield return (FrameType.Started, run);
        yield return (FrameType.Pong, new byte[8]);
        yield return (FrameType.FileData, "content"u8.ToArray());
    }

    private static byte[] Json(string text) => Encoding.UTF8.GetBytes(text.Replace("RUN", Run.Value, StringComparison.Ordinal).Replace("NOW", "1780000000000", StringComparison.Ordinal));

    private static byte[] Frame(FrameType type, ulong number, byte[] payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(payload.Length, type, number, 1_780_000_000_000).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }
}
