using System.Net;
using System.Net.Sockets;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>Ctrl-C before any code runs.</summary>
public sealed class InterruptionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_server_does_not_answer()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var tool = Tool.Start(new Uri($"http://{server.LocalEndpoint}"), ["run", "-c", "1"]);
        using var accepted = await server.AcceptTcpClientAsync(Cancellation);
        // The request is on its way.
        Assert.NotEqual(0, await accepted.GetStream().ReadAsync(new byte[1], Cancellation));
        await tool.SignalAsync("INT");
        var ran = await tool.EndAsync();
        Assert.Equal((130, ""), (ran.Status, ran.Out));
        Assert.Equal(
            "podflare: The call was canceled before the server answered. If the server created a sandbox, it ends after its idle timeout.",
            ran.Err.Split(" (", 2)[0]);
        Assert.EndsWith("podflare: Interrupted before the run started. No code was run.\n", ran.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run", "-")]
    [InlineData("sandbox", "exec", "sbx_1", "-")]
    public async Task While_code_is_read_from_stdin(params string[] arguments)
    {
        using var tool = Tool.Start(new Uri("http://127.0.0.1:9"), arguments);
        await tool.UntilItReadsStdinAsync();
        await tool.SignalAsync("INT");
        Assert.Equal(new ToolResult(130, "", "podflare: Interrupted before the run started. No code was run.\n"), await tool.EndAsync());
    }
}
