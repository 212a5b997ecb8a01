using System.Buffers;
using System.Text;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Frontend;

public sealed class EventStreamTests
{
    [Fact]
    public void Stored_lines_are_copied_byte_by_byte()
    {
        var batch = Batches.Of(1, hasExit: true, Batches.Line("stdout", "é\n", 1), Batches.Exit(0, 2));

        Assert.Equal(batch.Utf8, Write(new NdjsonFormatter(), batch));
    }

    [Fact]
    public void A_key_is_added_at_the_end_of_each_stored_line()
    {
        var batch = Batches.Of(1, hasExit: true, Batches.Line("stdout", "}\n", 1), Batches.Exit(0, 2));

        Assert.Equal(
            $"{{\"type\":\"stdout\",\"data\":\"}}\\n\",\"seq\":1,\"ts\":{Batches.Time + 1},\"run\":\"r\"}}\n{{\"type\":\"exit\",\"data\":0,\"seq\":2,\"ts\":{Batches.Time + 2},\"run\":\"r\"}}\n",
            Encoding.ASCII.GetString(Write(new NdjsonFormatter(",\"run\":\"r\""u8.ToArray()), batch)));
    }

    [Fact]
    public void A_browser_gets_the_seq_as_id_and_the_exit_marked()
    {
        var (line, exit) = (Batches.Line("stdout", "a\n", 41), Batches.Exit(0, 42));

        Assert.Equal($"id: 41\ndata: {line}\nid: 42.end\ndata: {exit}\n", Encoding.ASCII.GetString(Write(new ServerSentEventFormatter(), Batches.Of(41, hasExit: true, line, exit))));
    }

    [Fact]
    public void Only_the_exit_is_marked() =>
        Assert.Contains("id: 7\n", Encoding.ASCII.GetString(Write(new ServerSentEventFormatter(), Batches.Of(7, hasExit: false, Batches.Line("stdout", "a", 7)))), StringComparison.Ordinal);

    [Theory]
    [InlineData("0", 0, false)]
    [InlineData("12", 12, false)]
    [InlineData("12.end", 12, true)]
    public void A_last_id_is_read(string text, long seq, bool hadExit) => Assert.Equal((seq, hadExit), ServerSentEventFormatter.ParseId(text));

    [Theory]
    [InlineData("-1")]
    [InlineData(".end")]
    [InlineData("1.END")]
    [InlineData("1 ")]
    [InlineData("99999999999999999999")]
    public void Another_last_id_is_refused(string text) => Assert.Throws<ProblemException>(() => ServerSentEventFormatter.ParseId(text));

    [Theory]
    [InlineData(0, 3)]
    [InlineData(4, 3)]
    [InlineData(3, 2)]
    [InlineData(2, 1)]
    public void A_batch_is_cut_behind_a_seq(long upTo, int count)
    {
        var batch = Batches.Of(2, hasExit: true, Batches.Line("stdout", "a", 2), Batches.Line("stdout", "b", 3), Batches.Exit(0, 4));

        var cut = batch.UpTo(upTo);

        Assert.Equal((count, count == 3, cut.Ends[^1]), (cut.Ends.Length, cut.HasExit, cut.Utf8.Length));
    }

    [Theory]
    [InlineData(RunState.Ended, 1L, 5, 1000, 0, 5)]
    [InlineData(RunState.Ended, 3L, 5, 1000, 2, 5)]
    [InlineData(RunState.Ended, 1L, 5, 2, 3, 5)]
    [InlineData(RunState.Ended, null, 5, 1000, 4, 5)]
    [InlineData(RunState.Ended, 5L, 5, 1000, 4, 5)]
    [InlineData(RunState.Running, 1L, 5, 1000, 0, 5)]
    [InlineData(RunState.Running, null, 0, 1000, null, null)]
    [InlineData(RunState.Queued, null, 0, 1000, null, null)]
    public void A_replay_shows_the_last_events_that_are_still_there(RunState state, long? first, long last, long room, int? after, int? upTo)
    {
        var run = new RunInfo(RunId.New(), state, RunLanguage.Python, TimeSpan.Zero, default, null, null, null, null, first, last, false);

        Assert.Equal(((long?)after, (long?)upTo), (ReplayPart.Of(run, room)?.After, ReplayPart.Of(run, room)?.Last));
    }

    private static byte[] Write(EventFormatter format, Streaming.EventBatch batch)
    {
        var to = new ArrayBufferWriter<byte>();
        format.Write(batch, to);
        return to.WrittenSpan.ToArray();
    }
}
