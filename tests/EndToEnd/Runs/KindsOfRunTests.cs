using System.Net;
using System.Text;
using System.Text.Json;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Runs;

/// <summary>Every kind of run against a real sandbox, over plain HTTP.</summary>
public sealed class KindsOfRunTests(EmbeddedService service) : IAsyncLifetime
{
    private static readonly string[] HttpServer = ["python3", "-u", "-m", "http.server", "8123", "--bind", "127.0.0.1"];
    private static readonly string[] Shell = ["bash", "--norc"];
    private static readonly string[][] ShellVariables = [["A", "ready"]];

    private string _sandbox = "";
    private RunsApi _runs = null!;

    private SandboxApi Api => service.Api;

    public async ValueTask InitializeAsync()
    {
        _sandbox = await Api.CreateAsync();
        _runs = new RunsApi(Api, _sandbox);
    }

    public async ValueTask DisposeAsync() => await Api.DeleteAsync(_sandbox);

    [Fact]
    public async Task The_value_of_the_last_line_is_a_result()
    {
        var run = await Api.RunAsync(_sandbox, "x = 6 * 7\nprint('before')\nx");
        var quiet = await Api.RunAsync(_sandbox, "x;");
        var plain = await Api.RunAsync(_sandbox, "x", extra: new { display = "none" });

        Assert.Equal(["stdout", "result", "exit"], run.Events.Select(e => e.Type));
        Assert.Matches("""^\{"type":"result","data":\{"text/plain":"42"\},"seq":2,"ts":\d{13},"main":true\}$""", run.Lines[1]);
        Assert.Equal("exit", Assert.Single(quiet.Events).Type);
        Assert.Equal("exit", Assert.Single(plain.Events).Type);
    }

    [Fact]
    public async Task A_server_is_a_process_that_code_of_the_same_sandbox_calls()
    {
        var server = await _runs.StartAsync(new { argv = HttpServer, tag = "server", stderr = "stdout" });
        var started = await _runs.ReadUntilAsync(server, 0, events => events.Any(e => e.Text?.Contains("Serving HTTP", StringComparison.Ordinal) == true));
        Assert.Equal("start", started[0].Type);

        var call = await Api.RunAsync(_sandbox, "import urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1:8123/').status)");
        Assert.Equal("200\n", call.Stdout);
        var log = await _runs.ReadUntilAsync(server, started[^1].Seq, events => events.Any(e => e.Text?.Contains("\"GET / HTTP/1.1\" 200", StringComparison.Ordinal) == true));
        Assert.Equal(started[^1].Seq + 1, log[0].Seq);
        var open = await _runs.GetAsync(server);
        Assert.Equal(("process", "running", "server", (int)started[0].Code!), (
            open.GetProperty("kind").GetString(), open.GetProperty("state").GetString(), open.GetProperty("tag").GetString(), open.GetProperty("pid").GetInt32()));
        Assert.Equal("python3", open.GetProperty("argv")[0].GetString());
        var listed = await _runs.SendAsync(HttpMethod.Get, "/runs?kind=process&state=running", null, HttpStatusCode.OK);
        Assert.Equal(server, Assert.Single(listed.GetProperty("runs").EnumerateArray()).GetProperty("id").GetString());

        await _runs.SendAsync(HttpMethod.Post, $"/runs/{server}/signal", new { signal = "SIGTERM" }, HttpStatusCode.Accepted);
        var end = (await _runs.ReadUntilAsync(server, log[^1].Seq, events => events[^1].Type == "exit"))[^1];

        Assert.Equal((143, "SIGTERM"), (end.Code, end.Json.GetProperty("signal").GetString()));
    }

    [Fact]
    public async Task A_terminal_that_was_left_is_taken_up_again_without_a_lost_byte()
    {
        var shell = await _runs.StartAsync(new { argv = Shell, env = new { PS1 = "$ " }, pty = new { cols = 100, rows = 30 } });
        await TypeAsync(shell, "stty size; echo first-\"done\"\n");
        var first = await _runs.ReadUntilAsync(shell, 0, events => Text(events).Contains("first-done", StringComparison.Ordinal));
        Assert.Contains("30 100", Text(first), StringComparison.Ordinal);

        // Nobody reads meanwhile.
        await _runs.SendAsync(HttpMethod.Post, $"/runs/{shell}/resize", new { cols = 120, rows = 40 }, HttpStatusCode.NoContent);
        await TypeAsync(shell, "stty size; seq 1 2000; echo second-\"done\"; exit 5\n");

        var rest = await _runs.ReadUntilAsync(shell, first[^1].Seq, events => events[^1].Type == "exit");
        var whole = await _runs.ReadUntilAsync(shell, 0, events => events[^1].Type == "exit");
        Assert.Contains("40 120", Text(rest), StringComparison.Ordinal);
        Assert.Contains(string.Concat(Enumerable.Range(1, 2000).Select(i => $"{i}\r\n")), Text(rest), StringComparison.Ordinal);
        Assert.Equal(5, rest[^1].Code);
        Assert.Equal(Convert.ToHexString(RunsApi.Terminal(whole)), Convert.ToHexString([.. RunsApi.Terminal(first), .. RunsApi.Terminal(rest)]));
        Assert.Equal(Enumerable.Range(1, whole.Count).Select(i => (long)i), first.Concat(rest).Select(e => e.Seq));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/compat/podflare")]
    public async Task The_published_terminal_routes_work_on_both_mounts(string mount)
    {
        var path = $"{mount}/v1/sandboxes/{_sandbox}/pty";
        using var opened = await SendAsync(HttpMethod.Post, path, new { shellCmd = "echo $A; read line; echo got-$line; sleep 1000", cols = 90, rows = 20, env = ShellVariables });
        var pty = "";
        var seen = "";
        await foreach (var line in SandboxApi.LinesAsync(opened, TestContext.Current.CancellationToken))
        {
            if (line.Length == 0) continue;
            var e = JsonDocument.Parse(line).RootElement;
            if (e.GetProperty("type").GetString() == "pty_ready") pty = e.GetProperty("session_id").GetString()!;
            else if (e.GetProperty("type").GetString() == "pty_data") seen += Encoding.UTF8.GetString(e.GetProperty("data_b64").GetBytesFromBase64());
            if (seen.Contains("ready", StringComparison.Ordinal)) break;
        }

        opened.Dispose();
        using var input = await SendAsync(HttpMethod.Post, $"{path}/{pty}/input", new { data_b64 = Convert.ToBase64String("x\n"u8) });
        Assert.Equal(HttpStatusCode.NoContent, input.StatusCode);
        using var attached = await SendAsync(HttpMethod.Get, $"{path}/{pty}/attach", null);
        var (attachedText, exit) = ("", -1);
        await foreach (var line in SandboxApi.LinesAsync(attached, TestContext.Current.CancellationToken))
        {
            if (line.Length == 0) continue;
            var e = JsonDocument.Parse(line).RootElement;
            if (e.GetProperty("type").GetString() == "pty_data") attachedText += Encoding.UTF8.GetString(e.GetProperty("data_b64").GetBytesFromBase64());
            if (e.GetProperty("type").GetString() == "pty_exit") exit = e.GetProperty("data").GetInt32();
            if (exit < 0 && attachedText.Contains("got-x", StringComparison.Ordinal)) using (await SendAsync(HttpMethod.Post, $"{path}/{pty}/kill", null)) { }
        }

        Assert.StartsWith(seen, attachedText, StringComparison.Ordinal);
        Assert.Equal(137, exit);
    }

    [Fact]
    public async Task Code_that_asks_for_input_gets_the_answer()
    {
        var run = await _runs.StartAsync(new { code = "import getpass\nname = input('name? ')\nword = getpass.getpass('word? ')\nprint(name, len(word))", stdin = true });
        var asked = await _runs.ReadUntilAsync(run, 0, events => events[^1].Type is "input_request" or "exit");
        Assert.Equal(("name? ", false), (asked[^1].Text, asked[^1].Json.GetProperty("password").GetBoolean()));

        var first = await _runs.SendAsync(HttpMethod.Post, $"/runs/{run}/stdin", new { data = "Ad\u00e9\n", offset = 0 }, HttpStatusCode.Accepted);
        var repeated = await _runs.SendAsync(HttpMethod.Post, $"/runs/{run}/stdin", new { data = "Ad\u00e9\n", offset = 0 }, HttpStatusCode.Accepted);
        var secret = await _runs.ReadUntilAsync(run, asked[^1].Seq, events => events[^1].Type is "input_request" or "exit");
        await _runs.SendAsync(HttpMethod.Post, $"/runs/{run}/stdin", new { data = "1234\n", offset = 5, eof = true }, HttpStatusCode.Accepted);
        var rest = await _runs.ReadUntilAsync(run, secret[^1].Seq, events => events[^1].Type == "exit");

        Assert.Equal((5, 5), (first.GetProperty("offset").GetInt32(), repeated.GetProperty("offset").GetInt32()));
        Assert.Equal(("word? ", true), (secret[^1].Text, secret[^1].Json.GetProperty("password").GetBoolean()));
        Assert.Equal("Ad\u00e9 4\n", string.Concat(rest.Where(e => e.Type == "stdout").Select(e => e.Text)));
        Assert.Equal(0, rest[^1].Code);
    }

    [Fact]
    public async Task Contexts_have_variables_of_their_own()
    {
        await _runs.SendAsync(HttpMethod.Post, "/contexts", new { id = "other", cwd = "/tmp" }, HttpStatusCode.Created);
        await _runs.SendAsync(HttpMethod.Post, "/contexts", new { id = "other", cwd = "/tmp" }, HttpStatusCode.OK);
        await Api.RunAsync(_sandbox, "x = 1");
        var other = await Api.RunAsync(_sandbox, "import os\nprint('x' in globals(), os.getcwd())", extra: new { context = "other" });

        Assert.Equal("False /tmp\n", other.Stdout);
        var blocked = await _runs.StartAsync(new { code = "import time\ntime.sleep(1000)", context = "other" });
        await _runs.WaitForStateAsync(blocked, "running");
        var interrupted = await _runs.SendAsync(HttpMethod.Post, "/contexts/other/interrupt", new { }, HttpStatusCode.Accepted);
        Assert.Equal(blocked, interrupted.GetProperty("runs")[0].GetString());
        Assert.Equal(130, (await _runs.ReadUntilAsync(blocked, 0, events => events[^1].Type == "exit"))[^1].Code);
        await _runs.SendAsync(HttpMethod.Delete, "/contexts/other", null, HttpStatusCode.NoContent);
        Assert.Equal("1\n", (await Api.RunAsync(_sandbox, "print(x)")).Stdout);
    }

    [Fact]
    public async Task A_watch_reports_what_changes()
    {
        var watch = await _runs.StartAsync(new { watch = new { path = "/root" } });
        await _runs.ReadUntilAsync(watch, 0, events => events[^1].Type == "start");
        await Api.RunAsync(_sandbox, "open('/root/new.txt', 'w').write('x')");

        var events = await _runs.ReadUntilAsync(watch, 1, events => events.Any(e => e.Type == "file"));

        var change = events.First(e => e.Type == "file").Json.GetProperty("data");
        Assert.Equal(("/root/new.txt", "create"), (change.GetProperty("path").GetString(), change.GetProperty("change").GetString()));
        await _runs.SendAsync(HttpMethod.Post, $"/runs/{watch}/interrupt", null, HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Late_output_is_at_the_end_of_a_replay_and_unknown_to_published_clients()
    {
        var run = await Api.RunAsync(_sandbox, "import subprocess\nsubprocess.Popen('sleep 0.2; echo late', shell=True);");
        await _runs.ReadUntilAsync("background", 0, events => events.Any(e => e.Text == "late\n"));
        await Api.RunAsync(_sandbox, "print('after')");

        var lines = (await Api.Http.GetStringAsync($"/v1/sandboxes/{_sandbox}/replay", TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches($$"""^\{"type":"stdout","data":"late\\n","seq":1,"ts":\d{13},"from":"{{run.Run}}","run":null\}$""", lines[^1]);
        Assert.Contains("after", lines[^3], StringComparison.Ordinal);
        Assert.DoesNotContain("late", await Api.Http.GetStringAsync($"/compat/podflare/v1/sandboxes/{_sandbox}/replay", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private Task TypeAsync(string run, string text) => _runs.SendAsync(HttpMethod.Post, $"/runs/{run}/stdin", new { data = text }, HttpStatusCode.Accepted);

    private static string Text(IEnumerable<SandboxEvent> events) => Encoding.UTF8.GetString(RunsApi.Terminal(events));

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        return await Api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
