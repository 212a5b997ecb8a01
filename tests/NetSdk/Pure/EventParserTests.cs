using System.Text;

namespace Podflare.NetSdk.Pure;

public sealed class EventParserTests
{
    [Fact]
    public void Events_are_read_whatever_the_order_of_their_keys_and_whatever_else_they_have()
    {
        var line = Parse("""{"more":{"a":[1,{"type":"exit"}]},"ts":1776510028036,"seq":7,"data":"\u00e9\ud83d\ude00\u2028\n","type":"stdout","run":"run_1"}""");
        var e = Assert.IsType<StdoutEvent>(line.Event);
        Assert.Equal((7, "é😀\u2028\n", "run_1"), (e.Seq, e.Data, line.RunId));
        Assert.Equal(1776510028036, e.At.ToUnixTimeMilliseconds());
    }

    [Fact]
    public void An_unknown_type_is_no_event_but_keeps_its_number() =>
        Assert.Equal((null, 5), (Parse("""{"type":"image","data":{"png":"…"},"seq":5,"ts":1}""").Event, Parse("""{"type":"image","data":{},"seq":5,"ts":1}""").Seq));

    [Fact]
    public void A_result_has_its_types_and_what_is_missing()
    {
        var e = Assert.IsType<ResultEvent>(Parse("""{"type":"result","data":{"text/plain":"<Figure>","image/png":"aGk=","application/json":{"a":[1]}},"seq":2,"ts":1,"main":true,"omitted":{"text/html":2000000},"truncated":["text/plain"]}""").Event);
        Assert.Equal((true, "<Figure>", "hi"), (e.Main, e.Text, Encoding.ASCII.GetString(e.GetBytes("image/png")!)));
        Assert.Equal(1, e.Data["application/json"].GetProperty("a")[0].GetInt32());
        Assert.Equal(2_000_000, e.Omitted["text/html"]);
        Assert.Equal(["text/plain"], e.Truncated);
        Assert.Null(e.GetBytes("image/jpeg"));
        Assert.Null(Assert.IsType<ResultEvent>(Parse("""{"type":"result","data":{"image/png":"aGk="},"seq":2,"ts":1}""").Event).Text);
    }

    [Fact]
    public void A_signal_is_on_the_exit() =>
        Assert.Equal("SIGTERM", Assert.IsType<ExitEvent>(Parse("""{"type":"exit","data":143,"seq":1,"ts":1,"signal":"SIGTERM"}""").Event).Signal);

    [Theory]
    [InlineData("""{"type":"exit","data":1,"seq":1,"ts":1,"error":{"name":"E"}}""", "E", null, null)]
    [InlineData("""{"type":"exit","data":1,"seq":1,"ts":1,"error":{"name":"E","value":null,"traceback":null}}""", "E", null, null)]
    [InlineData("""{"type":"exit","data":1,"seq":1,"ts":1,"error":{}}""", null, null, null)]
    [InlineData("""{"type":"exit","data":1,"seq":1,"ts":1,"error":{"name":["x"],"value":"v","traceback":"t"}}""", null, "v", "t")]
    public void Parts_of_an_error_may_be_absent(string line, string? name, string? value, string? traceback) =>
        Assert.Equal(new RunError { Name = name, Value = value, Traceback = traceback }, Assert.IsType<ExitEvent>(Parse(line).Event).Error);

    [Theory]
    [InlineData("timeout", ExitReason.Timeout)]
    [InlineData("interrupted", ExitReason.Interrupted)]
    [InlineData("killed", ExitReason.Killed)]
    [InlineData("expired", ExitReason.Expired)]
    [InlineData("oom", ExitReason.Oom)]
    [InlineData("crashed", ExitReason.Crashed)]
    [InlineData("lost", ExitReason.Lost)]
    [InlineData("evaporated", ExitReason.Unknown)]
    public void Reasons_are_told_apart(string text, ExitReason reason) =>
        Assert.Equal(reason, Assert.IsType<ExitEvent>(Parse($$"""{"type":"exit","data":137,"seq":1,"ts":1,"reason":"{{text}}"}""").Event).Reason);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"type":"stdout","seq":1,"ts":1}""")]
    [InlineData("""{"type":"stdout","data":1,"seq":1,"ts":1}""")]
    [InlineData("""{"type":"exit","data":"0","seq":1,"ts":1}""")]
    [InlineData("""{"type":"result","data":"x","seq":1,"ts":1}""")]
    [InlineData("""{"type":"exit","data":0.5,"seq":1,"ts":1}""")]
    [InlineData("""{"type":"stdout","data":"x","seq":0,"ts":1}""")]
    [InlineData("""{"type":"stdout","data":"x","ts":1}""")]
    [InlineData("""{"type":"stdout","data":"x","seq":1}""")]
    [InlineData("""{"type":"stdout","data":"x","seq":1,"ts":99999999999999999}""")]
    [InlineData("""{"type":"stdout","data":"\ud800","seq":1,"ts":1}""")]
    [InlineData("""{"type":"stdout","data":"x","seq":1,"ts":1} {}""")]
    public void What_is_no_event_is_refused(string line) => Assert.Throws<PodflareProtocolException>(() => Parse(line));

    private static EventLine Parse(string line) => EventParser.Parse(Encoding.UTF8.GetBytes(line));
}
