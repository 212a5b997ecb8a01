using System.Text;

namespace Podflare.NetSdk.Pure;

/// <summary>The events of processes, terminals, results and watches.</summary>
public sealed class RunEventTests
{
    [Fact]
    public void A_result_has_its_types_and_what_is_missing()
    {
        var e = Parse<ResultEvent>("""{"type":"result","data":{"text/plain":"<Figure>","image/png":"aGk=","application/json":{"a":[1]}},"seq":2,"ts":1,"main":true,"omitted":{"text/html":2000000},"truncated":["text/plain"]}""");
        Assert.Equal((true, "<Figure>", "hi"), (e.Main, e.Text, Encoding.ASCII.GetString(e.GetBytes("image/png")!)));
        Assert.Equal(1, e.Data["application/json"].GetProperty("a")[0].GetInt32());
        Assert.Equal(2_000_000, e.Omitted["text/html"]);
        Assert.Equal(["text/plain"], e.Truncated);
        Assert.Null(e.GetBytes("image/jpeg"));
        Assert.Null(Parse<ResultEvent>("""{"type":"result","data":{"image/png":"aGk="},"seq":2,"ts":1}""").Text);
    }

    [Fact]
    public void A_process_has_a_start_and_perhaps_a_signal()
    {
        Assert.Equal(42, Parse<StartEvent>("""{"type":"start","data":42,"seq":1,"ts":1}""").ProcessId);
        Assert.Equal((143, "SIGTERM"), Parse<ExitEvent>("""{"type":"exit","data":143,"seq":9,"ts":1,"signal":"SIGTERM"}""") is var exit ? (exit.Code, exit.Signal) : default);
    }

    [Fact]
    public void Binary_output_has_its_bytes_and_a_text_to_show()
    {
        var e = Parse<StdoutEvent>("""{"type":"stdout","data":"/2E=","seq":1,"ts":1,"encoding":"base64","from":"run_2"}""");
        Assert.Equal("/2E=", Convert.ToBase64String(e.Bytes!));
        Assert.Equal(("\uFFFDa", "run_2"), (e.Data, e.FromRunId));
        Assert.Equal("/w==", Convert.ToBase64String(Parse<TerminalEvent>("""{"type":"pty","data":"/w==","seq":1,"ts":1}""").Data.Span));
    }

    [Fact]
    public void A_prompt_a_change_of_a_file_and_a_gap()
    {
        Assert.Equal(("name? ", true), Parse<InputRequestEvent>("""{"type":"input_request","data":"name? ","seq":3,"ts":1,"password":true}""") is var e ? (e.Prompt, e.Password) : default);
        var change = Parse<FileChangedEvent>("""{"type":"file","data":{"path":"/root/b","change":"rename","kind":"file","from":"/root/a"},"seq":1,"ts":1}""");
        Assert.Equal(("/root/b", FileChange.Rename, SandboxFileType.File, "/root/a"), (change.Path, change.Change, change.Kind, change.From));
        Assert.Equal("/w==", Convert.ToBase64String(Parse<FileChangedEvent>("""{"type":"file","data":{"path_b64":"/w==","change":"evaporate"},"seq":1,"ts":1}""").PathBytes!));
        Assert.Equal(17, Parse<DroppedEvent>("""{"type":"dropped","data":17,"seq":1,"ts":1}""").Bytes);
    }

    [Theory]
    [InlineData("""{"type":"result","data":"x","seq":1,"ts":1}""")]
    [InlineData("""{"type":"pty","data":"*","seq":1,"ts":1}""")]
    [InlineData("""{"type":"start","data":4294967296,"seq":1,"ts":1}""")]
    [InlineData("""{"type":"file","data":{"change":"create","path_b64":"*"},"seq":1,"ts":1}""")]
    public void What_is_no_event_is_refused(string line) => Assert.Throws<PodflareProtocolException>(() => EventParser.Parse(Encoding.UTF8.GetBytes(line)));

    private static T Parse<T>(string line)
        where T : SandboxEvent => Assert.IsType<T>(EventParser.Parse(Encoding.UTF8.GetBytes(line)).Event);
}
