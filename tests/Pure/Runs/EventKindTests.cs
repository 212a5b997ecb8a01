using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>The events of all kinds of runs.</summary>
public sealed class EventKindTests
{
    private static readonly RunId Run = RunId.New();
    private static readonly RunId Background = RunId.New();

    [Fact]
    public void A_result_names_its_types_and_what_was_left_out()
    {
        var body = Result(
            isMain: true,
            Part(1, "text/plain", "42"u8), Part(3, "application/json", """ { "a" : [1, 2.50, "é\u2028", true, null, {}], "b":[ ] } """u8), Part(2, "image/png", [1, 2, 3, 255]),
            Omitted("text/html", 5_000_000_000), Part(4, "text/markdown", "# cut"u8));
        Assert.Equal(
            """
            {"type":"result","data":{"text/plain":"42","application/json":{"a":[1,2.50,"\u00e9\u2028",true,null,{}],"b":[]},"image/png":"AQID/w==","text/markdown":"# cut"},"seq":2,"ts":9,"main":true,"omitted":{"text/html":5000000000},"truncated":["text/markdown"]}

            """,
            Render(new GuestResult(1, Run, 9, body), after: 1));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("[1,]")]
    [InlineData("")]
    [InlineData("{\"a\":1")]
    [InlineData("\"\\ud800\"")]
    [InlineData("1 2")]
    [InlineData("/* c */ 1")]
    public void What_is_no_json_is_left_out(string json)
    {
        var body = Result(false, Part(1, "text/plain", "x"u8), Part(3, "application/json", Encoding.UTF8.GetBytes(json)));
        Assert.Equal("{\"type\":\"result\",\"data\":{\"text/plain\":\"x\"},\"seq\":1,\"ts\":9}\n", Render(new GuestResult(1, Run, 9, body)));
    }

    [Fact]
    public void Json_that_is_nested_too_deeply_is_left_out()
    {
        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth));
        Assert.Contains("\"application/json\":[[", Render(new GuestResult(1, Run, 9, Result(false, Part(3, "application/json", Nested(64))))), StringComparison.Ordinal);
        Assert.Equal("{\"type\":\"result\",\"data\":{},\"seq\":1,\"ts\":9}\n", Render(new GuestResult(1, Run, 9, Result(false, Part(3, "application/json", Nested(65))))));
    }

    [Theory]
    [InlineData("text")]
    [InlineData("/plain")]
    [InlineData("text/")]
    [InlineData("text/plain;charset=utf-8")]
    [InlineData("text/pl\"ain")]
    [InlineData("text/pläin")]
    [InlineData("a/b/c")]
    public void What_is_no_mime_type_is_left_out(string mime) =>
        Assert.Equal(
            "{\"type\":\"result\",\"data\":{},\"seq\":1,\"ts\":9}\n",
            Render(new GuestResult(1, Run, 9, Result(false, Part(1, mime, "x"u8), Omitted(mime, 5), Part(4, mime, "x"u8)))));

    [Fact]
    public void Of_two_representations_of_one_type_the_first_counts() =>
        Assert.Equal(
            "{\"type\":\"result\",\"data\":{\"a/b\":\"1\"},\"seq\":1,\"ts\":9}\n",
            Render(new GuestResult(1, Run, 9, Result(false, Part(1, "a/b", "1"u8), Part(1, "a/b", "2"u8), Omitted("a/b", 3)))));

    // The interpreter of the user makes the body: whatever it is, it becomes one event, of one line of JSON.
    [Fact]
    public void Any_body_becomes_one_event()
    {
        var honest = Result(true, Part(1, "text/plain", "42"u8), Part(3, "a/b", "[1]"u8), Omitted("c/d", 7));
        var broken = Gen.Select(Gen.Int[0, honest.Length - 1], Gen.Byte, (at, value) =>
        {
            var body = honest.ToArray();
            body[at] = value;
            return body;
        });
        Gen.OneOf(Gen.Byte.Array[0, 80], broken, Gen.Int[0, honest.Length].Select(length => honest[..length])).Sample(body =>
        {
            var line = Render(new GuestResult(1, Run, 9, body));
            Assert.Equal(1, line.Count(c => c == '\n'));
            Assert.True(Ascii.IsValid(line));
            using var json = System.Text.Json.JsonDocument.Parse(line);
            Assert.Equal("result", json.RootElement.GetProperty("type").GetString());
        });
    }

    [Fact]
    public void Processes_start_and_end_with_a_signal()
    {
        var end = new GuestRunEnded(3, Run, 9, 143, ExitReason.Interrupted, null, null, false) { Signal = "SIGTERM" };
        Assert.Equal(
            """
            {"type":"start","data":12,"seq":1,"ts":8}
            {"type":"exit","data":143,"seq":2,"ts":9,"reason":"interrupted","signal":"SIGTERM"}

            """,
            Render([new GuestProcessStarted(1, Run, 8, 12), end]));
    }

    [Fact]
    public void An_end_may_destroy_the_state_of_its_context() =>
        Assert.Equal(
            "{\"type\":\"exit\",\"data\":137,\"seq\":1,\"ts\":9,\"reason\":\"killed\",\"state_lost\":true}\n",
            Render(new GuestRunEnded(1, Run, 9, 137, ExitReason.Killed, null, null, false) { StateLost = true, Execution = 3 }));

    [Fact]
    public void A_terminal_gives_its_bytes_uncut() =>
        Assert.Equal(
            $"{{\"type\":\"pty\",\"data\":\"{Convert.ToBase64String([(byte)'a', 10, 255])}\",\"seq\":1,\"ts\":9}}\n",
            Render(new GuestOutput(1, Run, 9, false, new byte[] { (byte)'a', 10, 255 }) { IsTerminal = true }));

    [Fact]
    public void Binary_output_is_one_event_for_each_read() =>
        Assert.Equal(
            """
            {"type":"stdout","data":"YQpiCg==","seq":1,"ts":9,"encoding":"base64"}
            {"type":"stderr","data":"/w==","seq":2,"ts":9,"encoding":"base64"}

            """,
            Render([new GuestOutput(1, Run, 9, false, "a\nb\n"u8.ToArray()), new GuestOutput(2, Run, 9, true, new byte[] { 255 })], isBinary: true));

    [Theory]
    [InlineData(false, "false")]
    [InlineData(true, "true")]
    public void A_run_asks_for_input(bool isPassword, string text) =>
        Assert.Equal(
            $"{{\"type\":\"input_request\",\"data\":\"n\\u00e4me? \",\"seq\":1,\"ts\":9,\"password\":{text}}}\n",
            Render(new GuestInputRequest(1, Run, 9, isPassword, "näme? "u8.ToArray())));

    [Fact]
    public void Late_output_names_the_run_that_wrote_it()
    {
        var late = new GuestLateOutput(1, Background, 9, Run, false, "a\nb"u8.ToArray());
        Assert.Equal(
            $$"""
            {"type":"stdout","data":"a\n","seq":1,"ts":9,"from":"{{Run}}"}
            {"type":"stdout","data":"b","seq":2,"ts":9,"from":"{{Run}}"}
            {"type":"stderr","data":"a\n","seq":3,"ts":9}
            {"type":"dropped","data":18446744073709551615,"seq":4,"ts":9}

            """,
            Render([late, new GuestLateOutput(2, Background, 9, null, true, "a\n"u8.ToArray()), new GuestOutputDropped(3, Background, 9, ulong.MaxValue)]));
    }

    [Fact]
    public void Changes_of_files_have_paths_of_text_or_bytes()
    {
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        Assert.Equal(
            """
            {"type":"file","data":{"path":"/a/\u00e9","change":"create","kind":"file"},"seq":1,"ts":9}
            {"type":"file","data":{"path_b64":"/w==","change":"rename","kind":"directory","from":"/b"},"seq":2,"ts":9}
            {"type":"file","data":{"path":"","change":"overflow"},"seq":3,"ts":9}
            {"type":"file","data":{"path":"/a","change":"delete"},"seq":4,"ts":9}

            """,
            Render(
            [
                Change($$"""{"path":"{{Base64("/a/é")}}","change":"create","kind":"file"}"""),
                Change($$"""{"path":"/w==","change":"rename","kind":"directory","from":"{{Base64("/b")}}"}"""),
                Change("""{"path":"###","change":"create"}"""),
                Change($$"""{"path":"{{Base64("/a")}}","change":"delete","kind":null}"""),
            ]));
    }

    private static GuestFileChanged Change(string json) => new(1, Run, 9, Encoding.UTF8.GetBytes(json));

    private static string Render(GuestFrame frame, long after = 0) => Render([frame], after);

    private static string Render(GuestFrame[] frames, long after = 0, bool isBinary = false) => Encoding.UTF8.GetString(EventLine.Render(frames, after, isBinary).Utf8);

    private static byte[] Result(bool isMain, params byte[][] parts) => [(byte)(isMain ? 1 : 0), (byte)parts.Length, .. parts.SelectMany(part => part)];

    private static byte[] Part(byte form, string mime, ReadOnlySpan<byte> data)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)data.Length);
        return [form, .. Mime(mime), .. length, .. data];
    }

    private static byte[] Omitted(string mime, ulong size)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, size);
        return [0, .. Mime(mime), .. bytes];
    }

    private static byte[] Mime(string mime)
    {
        var bytes = Encoding.UTF8.GetBytes(mime);
        return [(byte)bytes.Length, .. bytes];
    }
}
