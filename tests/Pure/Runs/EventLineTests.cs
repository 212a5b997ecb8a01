using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CsCheck;
using Podflare.Guests;
using Podflare.Streaming;

namespace Podflare.Runs;

public sealed class EventLineTests
{
    private static readonly RunId Run = RunId.New();

    // Whole and broken characters of every length, controls, quotes, and the separators at which some clients cut lines.
    private static readonly Gen<byte[]> Piece = Gen.OneOfConst(
        "a"u8.ToArray(), "é"u8.ToArray(), "€"u8.ToArray(), "😀"u8.ToArray(), "\n"u8.ToArray(), "\u0085"u8.ToArray(), "\u2028"u8.ToArray(),
        "\""u8.ToArray(), "\\"u8.ToArray(), "\r\t\b\f\0\u001b\u007f"u8.ToArray(), [0x80], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80],
        [0xff], [0xc0, 0xaf], "plain text of some length "u8.ToArray());

    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
        Piece.Array[1, 30].Select(parts => parts.SelectMany(part => part).ToArray()), Gen.Byte.Array[1, 60]);

    private static readonly Gen<GuestFrame> Output =
        Gen.Select(Bytes, Gen.Bool, Gen.Long[0, 1L << 45], (bytes, isError, time) => (GuestFrame)new GuestOutput(1, Run, time, isError, bytes));

    [Fact]
    public void Lines_look_as_the_api_says()
    {
        GuestFrame[] frames =
        [
            new GuestOutput(1, Run, 1776510028036, false, "0\n"u8.ToArray()),
            new GuestOutput(2, Run, 1776510028036, true, "warn\n"u8.ToArray()),
            new GuestRunEnded(3, Run, 1776510028039, 0, null, null, null, false),
        ];
        var batch = EventLine.Render(frames, 0);
        Assert.Equal(
            """
            {"type":"stdout","data":"0\n","seq":1,"ts":1776510028036}
            {"type":"stderr","data":"warn\n","seq":2,"ts":1776510028036}
            {"type":"exit","data":0,"seq":3,"ts":1776510028039}

            """,
            Encoding.UTF8.GetString(batch.Utf8));
        Assert.Equal((1, 3, true), (batch.FirstSeq, batch.LastSeq, batch.HasExit));
        Assert.Equal(batch.Utf8.Length, batch.Ends[^1]);
    }

    [Theory]
    [InlineData(ExitReason.Timeout, "timeout")]
    [InlineData(ExitReason.Interrupted, "interrupted")]
    [InlineData(ExitReason.Killed, "killed")]
    [InlineData(ExitReason.Expired, "expired")]
    [InlineData(ExitReason.Oom, "oom")]
    [InlineData(ExitReason.Crashed, "crashed")]
    [InlineData(ExitReason.Lost, "lost")]
    public void An_exit_names_its_reason(ExitReason reason, string text)
    {
        var batch = EventLine.RenderExit(137, reason, null, 7, DateTimeOffset.FromUnixTimeMilliseconds(5));
        Assert.Equal($"{{\"type\":\"exit\",\"data\":137,\"seq\":7,\"ts\":5,\"reason\":\"{text}\"}}\n", Encoding.UTF8.GetString(batch.Utf8));
        Assert.Equal((7, 7, true), (batch.FirstSeq, batch.LastSeq, batch.HasExit));
    }

    [Fact]
    public void An_exit_carries_its_error_escaped()
    {
        var batch = EventLine.RenderExit(1, null, new RunError("ValueError", "é \"\ud800\"", null), 1, DateTimeOffset.UnixEpoch);
        Assert.Equal(
            "{\"type\":\"exit\",\"data\":1,\"seq\":1,\"ts\":0,\"error\":{\"name\":\"ValueError\",\"value\":\"\\u00e9 \\\"\\ufffd\\\"\",\"traceback\":null}}\n",
            Encoding.UTF8.GetString(batch.Utf8));
    }

    [Fact]
    public void Escapes_are_the_short_ones_where_json_has_them()
    {
        var batch = EventLine.Render([new GuestOutput(1, Run, 1, false, "\"\\\r\t\b\f\0\u001f\u007f\u0080\u2028😀\n"u8.ToArray())], 0);
        Assert.Contains(
            "\"data\":\"\\\"\\\\\\r\\t\\b\\f\\u0000\\u001f\\u007f\\u0080\\u2028\\ud83d\\ude00\\n\"", Encoding.UTF8.GetString(batch.Utf8), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_cut_of_the_same_frames_gives_the_same_bytes_and_numbers() =>
        Gen.Select(Output.Array[1, 12], Gen.Int[0, 11], Gen.Int[0, 11], Gen.Long[0, 1L << 40]).Sample((frames, one, two, lastSeq) =>
        {
            var cuts = new[] { 0, Math.Min(one, frames.Length), Math.Min(two, frames.Length), frames.Length }.Order().ToArray();
            List<EventBatch> parts = [];
            var seq = lastSeq;
            for (var i = 0; i < 3; i++)
            {
                if (cuts[i] == cuts[i + 1]) continue;
                parts.Add(EventLine.Render(frames[cuts[i]..cuts[i + 1]], seq));
                seq = parts[^1].LastSeq;
            }

            var (whole, joined) = (EventLine.Render(frames, lastSeq), EventBatches.Join(parts));
            Assert.Equal(whole.Utf8, joined.Utf8);
            Assert.Equal(whole.Ends, joined.Ends);
            Assert.Equal(whole.FirstSeq, joined.FirstSeq);
        });

    [Fact]
    public void Data_is_what_the_framework_decodes_and_lines_are_plain_ascii()
    {
        int cutCharacters = 0, invalid = 0, escaped = 0, severalLines = 0;
        Output.Array[1, 6].Sample(frames =>
        {
            var batch = EventLine.Render(frames, 41);
            Assert.True(Ascii.IsValid(batch.Utf8));
            Assert.DoesNotContain(batch.Utf8, b => b is < 0x20 and not (byte)'\n' or 0x7f);
            var lines = Encoding.UTF8.GetString(batch.Utf8).Split('\n');
            Assert.Equal(batch.Ends.Length + 1, lines.Length);

            var line = 0;
            foreach (var frame in frames.Cast<GuestOutput>())
            {
                var rest = frame.Bytes.ToArray();
                while (rest.Length > 0)
                {
                    var newline = Array.IndexOf(rest, (byte)'\n');
                    var piece = newline < 0 ? rest : rest[..(newline + 1)];
                    rest = rest[piece.Length..];
                    var expected = Encoding.UTF8.GetString(piece);
                    using var json = JsonDocument.Parse(lines[line]);
                    Assert.Equal(["type", "data", "seq", "ts"], json.RootElement.EnumerateObject().Select(p => p.Name));
                    Assert.Equal(expected, json.RootElement.GetProperty("data").GetString());
                    Assert.Equal(42 + line, json.RootElement.GetProperty("seq").GetInt64());
                    Assert.Equal(frame.Time, json.RootElement.GetProperty("ts").GetInt64());
                    Assert.Equal(frame.IsError ? "stderr" : "stdout", json.RootElement.GetProperty("type").GetString());
                    line++;
                    if (piece[^1] >= 0x80 && expected.EndsWith('\ufffd')) Interlocked.Increment(ref cutCharacters);
                    if (expected.Contains('\ufffd', StringComparison.Ordinal)) Interlocked.Increment(ref invalid);
                    if (lines[line - 1].Contains("\\ud83d", StringComparison.Ordinal)) Interlocked.Increment(ref escaped);
                    if (newline >= 0 && rest.Length > 0) Interlocked.Increment(ref severalLines);
                }
            }

            Assert.Equal(batch.Ends.Length, line);
        });
        Assert.All([cutCharacters, invalid, escaped, severalLines], reached => Assert.True(reached > 10, "The generator does not reach a case."));
    }

    [Fact]
    public void A_piece_over_the_limit_is_cut_between_characters()
    {
        var reached = new HashSet<int>();
        Gen.Select(Gen.Int[0, 4], Gen.OneOfConst("é", "€", "😀", "a"), Bytes.Where(b => !b.Contains((byte)'\n'))).Sample((before, character, tail) =>
        {
            var text = string.Concat(Enumerable.Repeat(character, (EventLine.MaxPiece + 8) / Encoding.UTF8.GetByteCount(character)));
            byte[] output = [.. Enumerable.Repeat((byte)'x', before), .. Encoding.UTF8.GetBytes(text), .. tail];
            var batch = EventLine.Render([new GuestOutput(1, Run, 1, false, output)], 0);
            var data = Encoding.UTF8.GetString(batch.Utf8).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("data").GetString()!).ToArray();
            Assert.Equal(Encoding.UTF8.GetString(output), string.Concat(data));
            Assert.Equal(2, data.Length);
            var first = Encoding.UTF8.GetByteCount(data[0]);
            Assert.InRange(first, EventLine.MaxPiece - 3, EventLine.MaxPiece);
            lock (reached) reached.Add(EventLine.MaxPiece - first);
        }, iter: 300);
        Assert.Equal([0, 1, 2, 3], reached.Order());
    }

    [Fact]
    public void Stored_lines_give_the_batch_back() =>
        Gen.Select(Output.Array[1, 6], Gen.Bool).Sample((frames, ended) =>
        {
            if (ended) frames = [.. frames, new GuestRunEnded(9, Run, 1, 1, null, new RunError("E", "v\n", "t"), null, false)];
            var batch = EventLine.Render(frames, 12);
            var again = EventBatches.FromLines(batch.LastSeq, batch.Utf8);
            Assert.Equal((batch.FirstSeq, batch.HasExit), (again.FirstSeq, again.HasExit));
            Assert.Equal(batch.Ends, again.Ends);
        });

    [Fact]
    public void A_slice_is_the_same_as_cutting_by_hand() =>
        Gen.Select(Output.Array[1, 8], Gen.Long[0, 40], Gen.Int[1, 400]).Sample((frames, after, maxBytes) =>
        {
            var batch = EventLine.Render(frames, 10);
            var slice = EventBatches.Slice(batch, after, maxBytes);
            if (after >= batch.LastSeq)
            {
                Assert.Null(slice);
                return;
            }

            var from = Math.Max(after, 10);
            var rest = batch.After(from);
            var count = Math.Max(1, rest.Ends.Count(end => end <= maxBytes));
            Assert.Equal(from + 1, slice!.FirstSeq);
            Assert.Equal(rest.Ends[..count], slice.Ends);
            Assert.Equal(rest.Utf8[..rest.Ends[count - 1]], slice.Utf8);
        });

    [Fact]
    public void A_million_short_lines_render_in_no_time()
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 9000).Select(i => $"{i % 1000000:d6}\n")));
        GuestFrame[] frames = [.. Enumerable.Repeat(new GuestOutput(1, Run, 1776510028036, false, text), 112)];
        EventLine.Render(frames[..8], 0);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var start = Stopwatch.GetTimestamp();
            Assert.Equal(1_008_000, EventLine.Render(frames, 0).LastSeq);
            var took = Stopwatch.GetElapsedTime(start);
            if (took < best) best = took;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{best.TotalMilliseconds:f0} ms");
        Assert.True(best < TimeSpan.FromSeconds(2), $"{best} for a million lines");
    }
}
