using System.Net;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd;

/// <summary>Create, run, stream, delete against the embedded service: what the README promises.</summary>
public sealed class CorePathTests(EmbeddedService service)
{
    private SandboxApi Api => service.Api;

    [Fact]
    public async Task Three_prints_are_three_lines_and_an_exit()
    {
        var sandbox = await Api.CreateAsync();
        var run = await Api.RunAsync(sandbox, "for i in range(3): print(i)");
        await Api.DeleteAsync(sandbox);

        Assert.Equal(["0\n", "1\n", "2\n"], run.Events.SkipLast(1).Select(e => e.Text));
        Assert.Equal(4, run.Exit.Seq);
        Assert.Equal(0, run.Exit.Code);
        Assert.Matches("""^\{"type":"stdout","data":"0\\n","seq":1,"ts":\d{13}\}$""", run.Lines[0]);
        Assert.Matches("""^\{"type":"exit","data":0,"seq":4,"ts":\d{13}\}$""", run.Lines[3]);
    }

    [Fact]
    public async Task Each_line_is_read_before_the_program_prints_the_next()
    {
        var sandbox = await Api.CreateAsync();
        const string Code = """
            import os, time
            for i in range(3):
                print(i)
                limit = time.monotonic() + 20
                while not os.path.exists(f'/tmp/go{i}'):
                    assert time.monotonic() < limit, 'the reader never said go'
                    time.sleep(0.002)
            """;
        using var answer = await Api.StartAsync(sandbox, Code);
        var seen = new List<string>();
        await foreach (var line in SandboxApi.LinesAsync(answer, TestContext.Current.CancellationToken))
        {
            seen.Add(line);
            var e = SandboxEvent.Parse(line);
            // From outside: the REPL is busy with the program under test.
            if (e.Type == "stdout") await Engine.ExecAsync(sandbox, $"touch /tmp/go{e.Text!.Trim()}");
        }

        await Api.DeleteAsync(sandbox);
        Assert.Equal(4, seen.Count);
        Assert.Equal(0, SandboxEvent.Parse(seen[^1]).Code);
    }

    [Fact]
    public async Task State_is_kept_between_runs_through_exceptions_and_exits()
    {
        var sandbox = await Api.CreateAsync();
        Assert.Equal(0, (await Api.RunAsync(sandbox, "x = 41")).Exit.Code);
        Assert.Equal("42\n", (await Api.RunAsync(sandbox, "print(x + 1)")).Stdout);

        var failed = await Api.RunAsync(sandbox, "1/0");
        Assert.Equal(1, failed.Exit.Code);
        Assert.Contains("ZeroDivisionError", failed.Stderr, StringComparison.Ordinal);
        Assert.Equal("ZeroDivisionError", failed.Exit.Json.GetProperty("error").GetProperty("name").GetString());
        Assert.Equal(3, (await Api.RunAsync(sandbox, "import sys; sys.exit(3)")).Exit.Code);
        Assert.Equal("42\n", (await Api.RunAsync(sandbox, "print(x + 1)")).Stdout);

        await Api.RunAsync(sandbox, "open('/root/note.txt', 'w').write('from python')");
        var bash = await Api.RunAsync(sandbox, "cat note.txt; whoami; exit 7", "bash");
        Assert.Equal("from pythonuser\n", bash.Stdout);
        Assert.Equal(7, bash.Exit.Code);
        await Api.DeleteAsync(sandbox);
    }

    [Theory]
    [InlineData("import os; os._exit(5)", 5, "crashed")]
    [InlineData("import ctypes; ctypes.string_at(0)", 139, "crashed")]
    [InlineData("import time\nprint('before', flush=True)\ntime.sleep(60)", 124, "timeout")]
    [InlineData("x = bytearray(700 * 1024 * 1024)", 137, "oom")]
    public async Task A_run_that_fails_says_how_and_the_next_one_works(string code, int exit, string reason)
    {
        var sandbox = await Api.CreateAsync();
        var run = await Api.RunAsync(sandbox, code, extra: new { timeout_seconds = reason == "timeout" ? 3 : 60 });
        Assert.Equal((exit, reason), (run.Exit.Code!.Value, run.Exit.Reason));
        if (reason == "timeout") Assert.Equal("before\n", run.Stdout);

        Assert.Equal("1\n", (await Api.RunAsync(sandbox, "print(1)")).Stdout);
        await Api.DeleteAsync(sandbox);
    }

    [Fact]
    public async Task Deleting_ends_the_open_run_and_can_be_repeated()
    {
        var sandbox = await Api.CreateAsync();
        using var answer = await Api.StartAsync(sandbox, "import time\nprint('up')\ntime.sleep(600)");
        await using var lines = SandboxApi.LinesAsync(answer, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await lines.MoveNextAsync());
        await Api.DeleteAsync(sandbox);
        Assert.True(await lines.MoveNextAsync());
        var exit = SandboxEvent.Parse(lines.Current);
        Assert.Equal((137, "killed"), (exit.Code!.Value, exit.Reason));
        Assert.False(await lines.MoveNextAsync());

        await Api.DeleteAsync(sandbox);
        using var late = await Api.StartAsync(sandbox, "print(1)");
        Assert.Equal(HttpStatusCode.Gone, late.StatusCode);
    }

    [Fact]
    public async Task An_interrupt_ends_the_run_and_keeps_the_state()
    {
        var sandbox = await Api.CreateAsync();
        await Api.RunAsync(sandbox, "kept = 'yes'");
        using var answer = await Api.StartAsync(sandbox, "print('up')\nwhile True: pass");
        var run = answer.Headers.GetValues("Podflare-Run-Id").Single();
        await using var lines = SandboxApi.LinesAsync(answer, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await lines.MoveNextAsync());
        using var taken = await Api.Http.PostAsync($"/v1/sandboxes/{sandbox}/runs/{run}/interrupt", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        SandboxEvent last;
        do
        {
            Assert.True(await lines.MoveNextAsync());
            last = SandboxEvent.Parse(lines.Current);
        }
        while (last.Type != "exit");

        Assert.Equal((130, "interrupted"), (last.Code!.Value, last.Reason));
        Assert.Equal("yes\n", (await Api.RunAsync(sandbox, "print(kept)")).Stdout);
        await Api.DeleteAsync(sandbox);
    }
}
