using System.Net;
using System.Text;

namespace Podflare.NetSdk.Scripted;

public sealed class TerminalTests
{
    private const string Start = """{"type":"start","data":7,"seq":1,"ts":1}""" + "\n";
    private const string Exit = """{"type":"exit","data":3,"seq":4,"ts":1}""" + "\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_terminal_is_a_stream_that_survives_a_cut()
    {
        var server = new ScriptedServer().Stream(Start + Shown(2, "ab")).Stream(Shown(3, "c") + Exit);
        await using var terminal = await server.Attach().OpenTerminalAsync(new TerminalOptions { Columns = 120, Rows = 40, Env = new Dictionary<string, string> { ["TERM"] = "xterm" } }, Cancellation);
        Assert.Equal("""{"argv":["bash"],"env":{"TERM":"xterm"},"pty":{"cols":120,"rows":40}}""", server.Requests[0].Body);
        var one = new byte[1];
        Assert.Equal((1, (byte)'a'), (await terminal.ReadAsync(one, Cancellation), one[0]));
        using var reader = new StreamReader(terminal, leaveOpen: true);
        Assert.Equal("bc", await reader.ReadToEndAsync(Cancellation));
        Assert.Equal((3, 4), (terminal.Exit!.Code, terminal.LastSeq));
        // It has ended, so disposing it kills nothing.
        await terminal.DisposeAsync();
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Disposing_kills_what_was_opened_and_leaves_what_was_attached()
    {
        var server = new ScriptedServer().Stream(Start, breaks: false).Then(() => new HttpResponseMessage(HttpStatusCode.Accepted));
        await (await server.Attach().OpenTerminalAsync(cancellationToken: Cancellation)).DisposeAsync();
        Assert.Equal(("/v1/sandboxes/sbx_1/runs/run_1/signal", """{"signal":"SIGKILL","scope":"all"}"""), (server.Requests[1].Path, server.Requests[1].Body));

        server = new ScriptedServer().Stream(Shown(3, "c"), breaks: false);
        await using (var attached = server.Attach().AttachTerminal("run_1", after: 2)) Assert.Equal(1, await attached.ReadAsync(new byte[8], Cancellation));
        Assert.Equal("?after=2&follow=true&heartbeat=15", Assert.Single(server.Requests).Query);
    }

    [Fact]
    public async Task A_program_that_cannot_be_executed_says_why()
    {
        var server = new ScriptedServer().Stream("""{"type":"stderr","data":"no such program\n","seq":1,"ts":1}""" + "\n" + """{"type":"exit","data":127,"seq":2,"ts":1}""" + "\n");
        await using var terminal = await server.Attach().OpenTerminalAsync(cancellationToken: Cancellation);
        using var reader = new StreamReader(terminal, leaveOpen: true);
        Assert.Equal("no such program\n", await reader.ReadToEndAsync(Cancellation));
        Assert.Equal(127, terminal.Exit!.Code);
    }

    [Fact]
    public async Task A_canceled_read_loses_nothing()
    {
        var gate = new TaskCompletionSource();
        var server = new ScriptedServer()
            .Then(() => new HttpResponseMessage { Content = new StreamContent(new GatedStream(gate.Task, Encoding.UTF8.GetBytes(Start + Shown(2, "ab")))), Headers = { { "Podflare-Run-Id", "run_1" } } });
        await using var terminal = await server.Attach().OpenTerminalAsync(cancellationToken: Cancellation);
        terminal.KillOnDispose = false;
        using var cancel = new CancellationTokenSource();
        var reading = terminal.ReadAsync(new byte[8], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        gate.SetResult();
        Assert.Equal(2, await terminal.ReadAsync(new byte[8], Cancellation));
    }

    [Fact]
    public async Task Typing_and_resizing()
    {
        var server = new ScriptedServer().Stream(Start, breaks: false).Json("""{"offset":3}""").Then(() => new HttpResponseMessage(HttpStatusCode.NoContent));
        await using var terminal = await server.Attach().OpenTerminalAsync(cancellationToken: Cancellation);
        terminal.KillOnDispose = false;
        await terminal.WriteAsync("ls\n"u8.ToArray(), Cancellation);
        await terminal.ResizeAsync(100, 30, Cancellation);
        Assert.Equal(["""{"data_b64":"bHMK","offset":0}""", """{"cols":100,"rows":30}"""], server.Requests.Skip(1).Select(request => request.Body));
    }

    private static string Shown(int seq, string text) => $$"""{"type":"pty","data":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}}","seq":{{seq}},"ts":1}""" + "\n";

    private sealed class GatedStream(Task gate, byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await gate.WaitAsync(cancellationToken);
            return Read(buffer.Span);
        }
    }
}
