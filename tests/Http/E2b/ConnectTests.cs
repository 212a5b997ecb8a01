using System.Text;

namespace Podflare.E2b;

/// <summary>The Connect protocol on the wire: envelopes, errors, streams.</summary>
public sealed class ConnectTests(SharedCluster shared)
{
    private const string Start = "process.Process/Start";
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_process_has_its_start_its_output_and_its_end()
    {
        var box = await _cluster.CreateAsync();
        string[] script = ["event {\"type\":\"start\",\"data\":7,@}", "event {\"type\":\"stdout\",\"data\":\"YQ==\",@,\"encoding\":\"base64\"}", "err text", "exit 3"];

        var messages = await (await box.StreamAsync(Start, Message(script), ("Connect-Timeout-Ms", "60000"))).ReadEnvelopesAsync();

        Assert.Equal(
            ["""{"event":{"start":{"pid":7}}}""", """{"event":{"data":{"stdout":"YQ=="}}}""", """{"event":{"data":{"stderr":"dGV4dAo="}}}""", """{"event":{"end":{"exited":true,"status":"exit status 3","exitCode":3,"error":"exit status 3"}}}""", "{}"],
            messages.Select(message => message.Message.ToString()));
        Assert.Equal([0, 0, 0, 0, 2], messages.Select(message => (int)message.Flags));
        var run = Assert.Single(_cluster.World.Sandboxes[box.NativeId].Runs);
        Assert.Equal((TimeSpan.FromMinutes(1), "/home/user", true), (run.Request.Timeout, run.Request.Process!.Cwd, run.Request.Stdin));
    }

    [Theory]
    [InlineData("event {\"type\":\"exit\",\"data\":0,@}", "{\"exited\":true,\"status\":\"exit status 0\"}")]
    [InlineData("event {\"type\":\"exit\",\"data\":137,@,\"signal\":\"SIGKILL\"}", "{\"exited\":false,\"status\":\"signal: killed\",\"exitCode\":-1,\"error\":\"signal: killed\"}")]
    [InlineData("event {\"type\":\"exit\",\"data\":143,@}", "{\"exited\":true,\"status\":\"exit status 143\",\"exitCode\":143,\"error\":\"exit status 143\"}")]
    public async Task An_end_is_in_the_words_of_Go(string exit, string end)
    {
        var box = await _cluster.CreateAsync();

        var messages = await (await box.StreamAsync(Start, Message("event {\"type\":\"start\",\"data\":7,@}", exit))).ReadEnvelopesAsync();

        Assert.Equal(end, messages[1].Message.GetProperty("event").GetProperty("end").ToString());
    }

    [Theory]
    [InlineData("event {\"type\":\"exit\",\"data\":124,@,\"reason\":\"timeout\"}", "deadline_exceeded")]
    [InlineData("event {\"type\":\"exit\",\"data\":255,@,\"reason\":\"lost\"}", "internal")]
    public async Task What_is_no_end_of_the_process_is_an_error(string exit, string code)
    {
        var box = await _cluster.CreateAsync();

        Assert.Equal(code, await (await box.StreamAsync(Start, Message("event {\"type\":\"start\",\"data\":7,@}", exit))).ReadStreamErrorAsync());
    }

    [Fact]
    public async Task A_program_that_cannot_be_executed_is_refused_before_any_event()
    {
        var box = await _cluster.CreateAsync();

        var messages = await (await box.StreamAsync(Start, Message("err nope: No such file or directory", "exit 127"))).ReadEnvelopesAsync();

        var (flags, last) = Assert.Single(messages);
        Assert.Equal((2, """{"error":{"code":"invalid_argument","message":"nope: No such file or directory"}}"""), (flags, last.ToString()));
    }

    [Fact]
    public async Task A_stream_that_is_silent_is_kept_alive_as_often_as_its_client_asks()
    {
        var box = await _cluster.CreateAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{E2bClient.Mount}/{Start}") { Content = new ByteArrayContent(Message("event {\"type\":\"start\",\"data\":7,@}", "hold kept-alive")) };
        request.Content.Headers.ContentType = new("application/connect+json");
        foreach (var (name, value) in new[] { ("E2b-Sandbox-Id", box.Id), ("E2b-Sandbox-Port", "49983"), ("X-Access-Token", box.EnvdToken), ("Keepalive-Ping-Interval", "1") }) request.Headers.Add(name, value);
        using var client = _cluster.ClientOf(null);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);

        Assert.Equal("""{"event":{"start":{"pid":7}}}""", await NextAsync());
        Assert.Equal("""{"event":{"keepalive":{}}}""", await NextAsync());
        Assert.Equal("""{"event":{"keepalive":{}}}""", await NextAsync());
        _cluster.World.Gate("kept-alive").SetResult();
        Assert.StartsWith("""{"event":{"end":""", await NextAsync(), StringComparison.Ordinal);

        async Task<string> NextAsync()
        {
            var head = new byte[5];
            await stream.ReadExactlyAsync(head, TestContext.Current.CancellationToken);
            var body = new byte[System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(1))];
            await stream.ReadExactlyAsync(body, TestContext.Current.CancellationToken);
            return Encoding.UTF8.GetString(body);
        }
    }

    [Fact]
    public async Task Envelopes_that_are_wrong_are_refused_in_an_envelope()
    {
        var box = await _cluster.CreateAsync();
        foreach (var (body, code) in new (byte[], string)[]
        {
            ([], "invalid_argument"), ([0, 0, 0], "invalid_argument"), ([0, 0, 0, 0, 9, (byte)'{'], "invalid_argument"), (E2bClient.Envelope("{}", flags: 1), "internal"),
            (E2bClient.Envelope("{}", flags: 4), "invalid_argument"), ([.. E2bClient.Envelope("{}"), 0], "invalid_argument"), (E2bClient.Envelope("{"), "invalid_argument"),
            (E2bClient.Envelope("[]"), "invalid_argument"), (E2bClient.Envelope("{}"), "invalid_argument"), (E2bClient.Envelope(new string(' ', 4 * 1024 * 1024) + "{}"), "resource_exhausted"),
        })
            Assert.Equal(code, await (await box.StreamAsync(Start, body)).ReadStreamErrorAsync());
        Assert.Empty(_cluster.World.Sandboxes[box.NativeId].Runs);
    }

    [Fact]
    public async Task Unknown_methods_are_answered_in_the_form_of_the_call()
    {
        var box = await _cluster.CreateAsync();

        Assert.Equal("unimplemented", await (await box.StreamAsync("process.Process/StreamInput", E2bClient.Envelope("{}"))).ReadStreamErrorAsync());
        var unary = await box.CallAsync("process.Process/Nothing", "{}");
        Assert.Equal((501, """{"code":"unimplemented","message":"there is no method process.Process/Nothing"}"""), ((int)unary.StatusCode, await unary.ReadTextAsync()));
    }

    [Theory]
    [InlineData("bob", false)]
    [InlineData("user", true)]
    [InlineData("root", true)]
    public async Task Only_two_users_exist(string user, bool exists)
    {
        var box = await _cluster.CreateAsync();
        (string, string) header = ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:"))}");

        var unary = await box.CallAsync("process.Process/List", "{}", header);
        var stream = await (await box.StreamAsync(Start, Message("event {\"type\":\"start\",\"data\":7,@}"), header)).ReadStreamErrorAsync();

        Assert.Equal(exists ? 200 : 401, (int)unary.StatusCode);
        Assert.Equal(exists ? null : "unauthenticated", stream);
    }

    [Theory]
    [InlineData("filesystem.Filesystem/Stat", "{\"path\":\"nope\"}", 404, "not_found")]
    [InlineData("filesystem.Filesystem/MakeDir", "{\"path\":\"made\"}", 409, "already_exists")]
    [InlineData("filesystem.Filesystem/ListDir", "{\"path\":\"a.txt\"}", 400, "invalid_argument")]
    [InlineData("process.Process/SendInput", "{}", 400, "invalid_argument")]
    [InlineData("process.Process/SendSignal", "{\"process\":{\"pid\":1},\"signal\":\"SIGNAL_SIGHUP\"}", 501, "unimplemented")]
    [InlineData("filesystem.Filesystem/RemoveWatcher", "{\"watcherId\":\"x\"}", 404, "not_found")]
    public async Task Errors_have_their_words(string method, string body, int status, string code)
    {
        var box = await _cluster.CreateAsync();
        var state = _cluster.World.Sandboxes[box.NativeId];
        state.Files["/home/user/a.txt"] = [1];
        state.Folders["/home/user/made"] = 0x1ed;

        var response = await box.CallAsync(method, body);

        Assert.Equal((status, code), ((int)response.StatusCode, (await response.ReadJsonAsync()).GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Entries_are_those_of_the_protocol()
    {
        var box = await _cluster.CreateAsync();
        _cluster.World.Sandboxes[box.NativeId].Files["/home/user/dir/a.txt"] = [1, 2, 3];

        var list = await (await box.CallAsync("filesystem.Filesystem/ListDir", """{"path":"~/dir/../dir","depth":1,"unknown":null}""")).AssertProblemFreeAsync();

        var entry = list.GetProperty("entries")[0];
        Assert.Equal(("a.txt", "/home/user/dir/a.txt", "3", "FILE_TYPE_FILE"), (entry.GetProperty("name").GetString(), entry.GetProperty("path").GetString(), entry.GetProperty("size").GetString(), entry.GetProperty("type").GetString()));
        Assert.Equal(200, (int)(await box.CallAsync("filesystem.Filesystem/Remove", """{"path":"never"}""")).StatusCode);
    }

    private static byte[] Message(params string[] script) =>
        E2bClient.Envelope(System.Text.Json.JsonSerializer.Serialize(new { process = new { cmd = "/bin/x", args = script } }));
}
