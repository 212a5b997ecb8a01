using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Fuzz;

/// <summary>Makes frames out of a seed: those of <see cref="Corpus"/>, with bytes, JSON values, numbers, times and lengths that no guest sends.</summary>
[SuppressMessage("Security", "CA5394", Justification = "The frames of a seed must be the same each time.")]
internal sealed partial class FrameMaker(int seed)
{
    private const long LastTime = 253_402_300_799_999;

    private static readonly FrameType[] Types =
    [
        FrameType.Ready, FrameType.Started, FrameType.Taken, FrameType.Refused, FrameType.Pong, FrameType.Out, FrameType.Out, FrameType.End, FrameType.Event, FrameType.Event, FrameType.Late,
        FrameType.FileData, FrameType.FileNext, FrameType.FileEnd, FrameType.FileOpened, FrameType.FileDone, FrameType.FileFailed,
    ];

    private readonly Random _random = new(seed);

    public bool Chance(double probability) => _random.NextDouble() < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    /// <param name="next">The number that the next numbered frame has.</param>
    /// <param name="runs">The runs that are open.</param>
    /// <param name="requests">Requests of the worker. One that is answered is removed.</param>
    public FuzzedFrame Make(ulong next, IReadOnlyList<RunId> runs, List<OpenRequest> requests)
    {
        if (Chance(0.01)) return Broken(Bytes(_random.Next(1, 200)));
        var (type, number) = (Pick(Types), 0UL);
        if (requests.Count > 0 && Chance(0.6))
        {
            var request = Pick(requests);
            if (Chance(0.8)) requests.Remove(request);
            (type, number) = (AnswerTo(request), request.Number);
        }

        var run = runs.Count > 0 && Chance(0.9) ? Pick(runs) : RunId.FromBytes(Bytes(16));
        // A run that is to be ended by half of all frames would never have an event.
        if (type is FrameType.End && runs.Count < 6 && Chance(0.8)) type = FrameType.Out;
        var payload = Payload(type, run);
        if (Chance(0.6)) payload = Mutate(payload, IsJson(type));
        if (Chance(0.02)) payload = [.. payload, .. new byte[_random.Next(70_000)]];
        if (Chance(0.05)) type = (FrameType)_random.Next(256);
        if (IsNumbered(type)) number = Chance(0.96) ? next : Pick<ulong>([0, next - 1, next + 1, ulong.MaxValue]);
        else if (Chance(0.05)) number = Pick<ulong>([0, 1, number + 1, ulong.MaxValue]);
        var frame = Frame(type, number, payload, Chance(0.9) ? Now : Pick([0, -1, LastTime, long.MaxValue, long.MinValue]));
        if (Chance(0.01)) return Broken(MutateBytes(frame));
        return new FuzzedFrame(frame, type, IsWhole: true, IsNumbered(type) && number == next);
    }

    /// <summary>The first frame of a connection; null in <paramref name="change"/> for one that makes sense.</summary>
    public byte[] Hello(string boot, ulong first, IReadOnlyList<RunId> runs, bool change)
    {
        var text = Corpus.Hello.Replace("BOOT", boot, StringComparison.Ordinal).Replace("FIRST", $"{first}", StringComparison.Ordinal);
        var payload = Encoding.UTF8.GetBytes(Fill(text, runs.Count > 0 ? Pick(runs) : RunId.FromBytes(Bytes(16))));
        return Frame(FrameType.Hello, 0, change ? Mutate(payload, isJson: true) : payload, Now);
    }

    public static byte[] Frame(FrameType type, ulong number, byte[] payload, long time)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(payload.Length, type, number, time).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    public static bool IsNumbered(FrameType type) => type is FrameType.Out or FrameType.End or FrameType.Event or FrameType.Late;

    public static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static FuzzedFrame Broken(byte[] bytes) => new(bytes, 0, IsWhole: false, TakesNumber: false);

    private static bool IsJson(FrameType type) => type is not (FrameType.Out or FrameType.Late or FrameType.Pong or FrameType.Started or FrameType.FileData);

    private FrameType AnswerTo(OpenRequest request)
    {
        if (request.Type is not (FrameType.File or FrameType.FileData or FrameType.FileNext or FrameType.FileEnd)) return Chance(0.85) ? FrameType.Taken : FrameType.Refused;
        if (Chance(0.1)) return FrameType.FileFailed;
        if (request.Type is FrameType.FileNext) return Chance(0.6) ? FrameType.FileData : FrameType.FileEnd;
        if (request.Type is FrameType.FileData) return FrameType.FileNext;
        var task = request.Payload.Length > 0 ? (string?)JsonNode.Parse(request.Payload)?["do"] : null;
        return task is "read" or "tar_read" ? FrameType.FileOpened : task is "write" or "tar_write" ? FrameType.FileNext : FrameType.FileDone;
    }

    private byte[] Payload(FrameType type, RunId run) => type switch
    {
        FrameType.Ready => Json(Corpus.Ready, run),
        FrameType.Started => run.ToBytes(),
        FrameType.Taken => Json(Corpus.Taken, run),
        FrameType.Refused => Json(Corpus.Refused, run),
        FrameType.Pong => Chance(0.5) ? [] : Bytes(8),
        FrameType.Out => [.. run.ToBytes(), (byte)_random.Next(1, 4), .. Text()],
        FrameType.Late => [.. run.ToBytes(), (byte)_random.Next(0, 3), .. Chance(0.3) ? Bytes(8) : Text()],
        FrameType.End => [.. run.ToBytes(), .. Json(Corpus.End, run)],
        FrameType.Event => [.. run.ToBytes(), .. EventBody(run)],
        FrameType.FileData => Bytes(_random.Next(1, 300)),
        FrameType.FileOpened => Json(Corpus.Opened, run),
        FrameType.FileDone => Json(Corpus.Done, run),
        FrameType.FileFailed => Json(Corpus.Failed, run),
        _ => [],
    };

    private byte[] EventBody(RunId run) => _random.Next(4) switch
    {
        0 => [2, (byte)_random.Next(3), .. Text()],
        1 => [3, 0, 0, 0, 7],
        2 => [4, .. Json(Corpus.FileChange, run)],
        _ => [1, .. Pick(Corpus.Results)],
    };

    private byte[] Text() => _random.Next(3) switch
    {
        0 => "a\nb\r\n"u8.ToArray(),
        1 => [.. "\u001b]0;é😀"u8, 0xff, 0xed, 0xa0, 0x80, .. "\n"u8],
        _ => Bytes(_random.Next(1, 100)),
    };

    private byte[] Json(string[] texts, RunId run) => Encoding.UTF8.GetBytes(Fill(Pick(texts), run));

    private static string Fill(string text, RunId run) => text.Replace("RUN", run.Value, StringComparison.Ordinal).Replace("NOW", $"{Now}", StringComparison.Ordinal);

    private byte[] Mutate(byte[] payload, bool isJson)
    {
        var start = payload.AsSpan().IndexOf((byte)'{');
        return isJson && start >= 0 && Chance(0.7) ? [.. payload[..start], .. Encoding.UTF8.GetBytes(MutateJson(Encoding.UTF8.GetString(payload.AsSpan(start))))] : MutateBytes(payload);
    }

    /// <summary>Puts other values in the place of one or two keys, values, lists or objects.</summary>
    private string MutateJson(string text)
    {
        for (var left = _random.Next(1, 3); left > 0; left--)
        {
            if (Token().Matches(text) is not { Count: > 0 } tokens) break;
            var token = Pick(tokens);
            text = string.Concat(text.AsSpan(0, token.Index), Pick(Corpus.Values), text.AsSpan(token.Index + token.Length));
        }

        return text;
    }

    /// <summary>Changes, adds, removes or repeats a few bytes.</summary>
    private byte[] MutateBytes(byte[] bytes)
    {
        List<byte> changed = [.. bytes];
        for (var left = _random.Next(1, 5); left > 0; left--)
        {
            var at = _random.Next(changed.Count + 1);
            var length = Math.Min(_random.Next(1, 17), changed.Count - at);
            switch (_random.Next(4))
            {
                case 0 when at < changed.Count:
                    changed[at] = Pick<byte>([0, 1, 0x7f, 0x80, 0xff, (byte)'"', (byte)'{', (byte)_random.Next(256)]);
                    break;
                case 1:
                    changed.InsertRange(at, Bytes(_random.Next(1, 7)));
                    break;
                case 2:
                    changed.RemoveRange(at, length);
                    break;
                default:
                    changed.InsertRange(at, changed.GetRange(at, length));
                    break;
            }
        }

        return [.. changed];
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|-?\d+|true|false|null|\[[^\[\]]*\]|\{[^{}]*\}
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();
}
