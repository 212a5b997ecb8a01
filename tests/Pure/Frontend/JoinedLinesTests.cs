using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Podflare.Runs;

namespace Podflare.Frontend;

public sealed class JoinedLinesTests
{
    [Theory]
    [InlineData(new[] { "o:a\n" }, new[] { "o:a@1" })]
    [InlineData(new[] { "o:\n" }, new[] { "o:@1" })]
    [InlineData(new[] { "o:a", "o:b\n" }, new[] { "o:ab@2" })]
    [InlineData(new[] { "o:a", "e:x\n", "o:b\n" }, new[] { "e:x@2", "o:ab@3" })]
    [InlineData(new[] { "o:a", "e:x", "o:b\n", "e:y\n" }, new[] { "o:ab@3", "e:xy@4" })]
    [InlineData(new[] { "o:a", "e:x", "o:b" }, new[] { "e:x@2", "o:ab@3" })]
    [InlineData(new[] { "e:x", "o:a", "o:b\n", "o:c" }, new[] { "o:ab@3", "e:x@1", "o:c@4" })]
    [InlineData(new[] { "o:a\\n", "o:b\n" }, new[] { "o:a\\nb@2" })]
    [InlineData(new[] { "o:a\\\n" }, new[] { "o:a\\@1" })]
    [InlineData(new[] { "o:a\r\n" }, new[] { "o:a\r@1" })]
    [InlineData(new[] { "o:x\",\"seq\":7\n" }, new[] { "o:x\",\"seq\":7@1" })]
    public void A_piece_waits_for_the_rest_of_its_line_and_the_last_seq_counts(string[] events, string[] expected)
    {
        var lines = events.Select((e, i) => Batches.Line(TypeOf(e), e[2..], i + 1)).Append(Batches.Exit(0, events.Length + 1)).ToArray();

        var sent = Send(new JoinedLineFormatter(), lines, [lines.Length]);

        Assert.Equal([.. expected, $"exit:0@{events.Length + 1}"], sent.Select(Describe));
    }

    [Fact]
    public void Data_is_what_the_program_wrote_line_by_line()
    {
        var text = Gen.Char["ab\n\n\"\\n,seq:{}\u2028é\ud83d\ude00\t\r"].Array[0, 60].Select(chars => new string(chars).ToValid());
        var cuts = Gen.Int[1, 7].Array[1, 40];
        Gen.Select(text, text, cuts, Gen.Bool.Array[80], cuts).Sample((stdout, stderr, pieces, order, batches) =>
        {
            var lines = Interleave([.. Pieces(stdout, pieces)], [.. Pieces(stderr, pieces)], order);

            var sent = Send(new JoinedLineFormatter(), lines, batches).Select(line => JsonDocument.Parse(line).RootElement).ToArray();

            Assert.Equal(Closed(stdout), Read(sent, "stdout"));
            Assert.Equal(Closed(stderr), Read(sent, "stderr"));
            Assert.Equal("exit", sent[^1].GetProperty("type").GetString());
            Assert.All(sent, e => Assert.Equal(["type", "data", "seq", "ts"], e.EnumerateObject().Select(p => p.Name)));
            Assert.All(sent, e => Assert.Equal(e.GetProperty("seq").GetInt64() + Batches.Time, e.GetProperty("ts").GetInt64()));
        });
    }

    [Fact]
    public void A_line_leaves_without_its_rest_once_the_limit_has_gathered()
    {
        const int piece = 64 * 1024;
        const int needed = JoinedLineFormatter.MaxLine / piece;
        var lines = Enumerable.Range(1, needed + 1).Select(i => Batches.Line("stdout", new string('x', piece), i)).ToArray();

        var sent = Send(new JoinedLineFormatter(), lines, [1]);

        var only = JsonDocument.Parse(Assert.Single(sent)).RootElement;
        Assert.Equal(needed, only.GetProperty("seq").GetInt64());
        Assert.Equal(needed * piece, only.GetProperty("data").GetString()!.Length);
    }

    [Fact]
    public void What_is_open_leaves_when_the_reader_goes_first_and_carries_the_added_key()
    {
        var format = new JoinedLineFormatter(",\"run\":\"r\""u8.ToArray());
        var to = new ArrayBufferWriter<byte>();
        format.Write(Batches.Of(1, hasExit: false, Batches.Line("stdout", "a", 1), Batches.Line("stderr", "b\n", 2)), to);

        format.Complete(to);
        format.Complete(to);

        Assert.Equal(
            $"{{\"type\":\"stderr\",\"data\":\"b\",\"seq\":2,\"ts\":{Batches.Time + 2},\"run\":\"r\"}}\n{{\"type\":\"stdout\",\"data\":\"a\",\"seq\":1,\"ts\":{Batches.Time + 1},\"run\":\"r\"}}\n",
            Encoding.ASCII.GetString(to.WrittenSpan));
    }

    private static string[] Send(JoinedLineFormatter format, string[] lines, int[] batchSizes)
    {
        var to = new ArrayBufferWriter<byte>();
        for (var (at, batch) = (0, 0); at < lines.Length; batch++)
        {
            var some = lines.Skip(at).Take(batchSizes[batch % batchSizes.Length]).ToArray();
            format.Write(Batches.Of(at + 1, some[^1].Contains("\"exit\"", StringComparison.Ordinal), some), to);
            at += some.Length;
        }

        return Encoding.ASCII.GetString(to.WrittenSpan).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Describe(string line)
    {
        var e = JsonDocument.Parse(line).RootElement;
        var type = e.GetProperty("type").GetString() switch { "stdout" => "o", "stderr" => "e", var other => other };
        return $"{type}:{e.GetProperty("data")}@{e.GetProperty("seq")}";
    }

    private static string TypeOf(string e) => e[0] == 'o' ? "stdout" : "stderr";

    /// <summary>Cuts a text as a sandbox does: at every line end, and anywhere else between characters.</summary>
    private static IEnumerable<string> Pieces(string text, int[] sizes)
    {
        for (var (at, turn) = (0, 0); at < text.Length; turn++)
        {
            var end = Math.Min(text.Length, at + sizes[turn % sizes.Length]);
            var newline = text.IndexOf('\n', at, end - at);
            if (newline >= 0) end = newline + 1;
            else if (char.IsHighSurrogate(text[end - 1])) end++;
            yield return text[at..end];
            at = end;
        }
    }

    private static string[] Interleave(string[] stdout, string[] stderr, bool[] order)
    {
        var (lines, o, e) = (new List<string>(), 0, 0);
        while (o + e < stdout.Length + stderr.Length)
        {
            var isStdout = e == stderr.Length || o < stdout.Length && order[(o + e) % order.Length];
            lines.Add(Batches.Line(isStdout ? "stdout" : "stderr", isStdout ? stdout[o++] : stderr[e++], lines.Count + 1));
        }

        return [.. lines, Batches.Exit(0, lines.Count + 1)];
    }

    /// <summary>A reader that puts a newline behind each event, as the published client does.</summary>
    private static string Read(JsonElement[] sent, string type) =>
        string.Concat(sent.Where(e => e.GetProperty("type").GetString() == type).Select(e => e.GetProperty("data").GetString() + "\n"));

    private static string Closed(string text) => text.Length == 0 || text.EndsWith('\n') ? text : text + "\n";
}

internal static class Texts
{
    /// <summary>Lone surrogates become U+FFFD, as in a sandbox.</summary>
    public static string ToValid(this string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
