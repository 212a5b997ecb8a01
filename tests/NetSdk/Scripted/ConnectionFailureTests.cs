using System.Net;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Scripted;

[Collection(nameof(Alone))]
public sealed class ConnectionFailureTests
{
    private const string Info = """{"id":"sbx_1","state":"ready"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_named_and_each_retry_is_logged()
    {
        var log = new LogRecorder();
        var address = new Uri($"http://127.0.0.1:{Ports.Free()}");
        using var client = new PodflareClient(new PodflareClientOptions { BaseAddress = address, MaxRetries = 2, RetryDelay = TimeSpan.FromMilliseconds(1) }, log);
        var e = await Assert.ThrowsAsync<PodflareConnectionException>(() => client.CreateSandboxAsync(cancellationToken: Cancellation));
        Assert.Equal($"Cannot connect to http://127.0.0.1:{address.Port}: Connection refused. Check that the Podflare server is running and that this is its address.", e.Message);
        Assert.Equal(2, log.Lines.Count);
        Assert.All(log.Lines, line => Assert.Contains($"Cannot connect to http://127.0.0.1:{address.Port}", line, StringComparison.Ordinal));
        Assert.EndsWith("(retry 2 of 2).", log.Lines[1], StringComparison.Ordinal);
        Assert.Empty(log.Warnings);
    }

    [Fact]
    public async Task A_stream_that_broke_says_why()
    {
        var server = new ScriptedServer().Stream(ScriptedServer.Lines(1, 2), times: 1).Break(times: 2);
        var e = await Assert.ThrowsAsync<StreamBrokenException>(() => server.Attach(o => o.MaxResumes = 2).RunAsync("1", cancellationToken: Cancellation));
        Assert.Contains("http://scripted", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Log.Lines.Count(line => line.Contains("was interrupted after seq 2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task After_dispose_every_call_says_so_in_one_sentence()
    {
        var server = new ScriptedServer().Json(Info);
        var client = server.Connect();
        var sandbox = await client.CreateSandboxAsync(cancellationToken: Cancellation);
        client.Dispose();
        foreach (var call in new Func<Task>[]
        {
            () => client.CreateSandboxAsync(cancellationToken: Cancellation),
            () => client.CheckAliveAsync(Cancellation),
            () => sandbox.RunAsync("1", cancellationToken: Cancellation),
            () => sandbox.GetInfoAsync(Cancellation),
            () => sandbox.Files.ReadAsync("x", Cancellation),
        })
        {
            var e = await Assert.ThrowsAsync<ObjectDisposedException>(call);
            Assert.Equal("This PodflareClient has been disposed. Dispose it after the last use of its sandboxes.", e.Message);
        }

        // Disposed in the wrong order, which must not hide the exception that leaves the block.
        await sandbox.DisposeAsync();
        Assert.Contains("sbx_1 could not be deleted", Assert.Single(server.Log.Warnings), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Dispose_ends_a_call_that_waits_for_its_answer()
    {
        using var server = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var client = new PodflareClient(new PodflareClientOptions { BaseAddress = new Uri($"http://{server.LocalEndpoint}") });
        var calling = client.CheckAliveAsync(Cancellation);
        using var accepted = await server.AcceptTcpClientAsync(Cancellation);
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => calling.WaitAsync(TimeSpan.FromSeconds(20), Cancellation));
    }

    [Fact]
    public async Task A_proxy_is_not_used_for_this_machine()
    {
        using var listener = new HttpListener();
        var port = Ports.Free();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new WebProxy($"http://127.0.0.1:{Ports.Free()}");
        try
        {
            using var client = new PodflareClient(new PodflareClientOptions { BaseAddress = new Uri($"http://127.0.0.1:{port}"), MaxRetries = 0 });
            var calling = client.CheckAliveAsync(Cancellation);
            var arriving = listener.GetContextAsync();
            await await Task.WhenAny(calling, arriving);
            var context = await arriving;
            await context.Response.OutputStream.WriteAsync("ok"u8.ToArray(), Cancellation);
            context.Response.Close();
            await calling;
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
    }

    [Fact]
    public async Task Without_a_key_none_is_taken_from_the_environment()
    {
        Environment.SetEnvironmentVariable("PODFLARE_API_KEY", "from-environment");
        try
        {
            var server = new ScriptedServer().Json(Info, times: 2);
            await server.Attach(o => o.ApiKey = "").GetInfoAsync(Cancellation);
            await server.Attach().GetInfoAsync(Cancellation);
            Assert.Equal([null, "Bearer from-environment"], server.Requests.Select(request => request.Authorization));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PODFLARE_API_KEY", null);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:7070")]
    [InlineData("localhost:7070")]
    [InlineData("127.0.0.1:7070")]
    [InlineData("[::1]:7070")]
    public async Task An_address_in_the_wrong_place_is_named(string address)
    {
        var server = new ScriptedServer();
        var messages = new[]
        {
            (await Assert.ThrowsAsync<ArgumentException>(() => server.Connect().CreateSandboxAsync(new SandboxOptions { Template = address }, Cancellation))).Message,
            Assert.Throws<ArgumentException>(() => server.Connect().Attach(address)).Message,
            Assert.Throws<ArgumentException>(() => server.Attach().GetRun(address)).Message,
        };
        string[] expected = ["a template name", "a sandbox ID", "a run ID"];
        Assert.All(messages.Zip(expected), pair => Assert.StartsWith($"Expected {pair.Second}, not the address '{address}'. Set the server address with", pair.First, StringComparison.Ordinal));
        Assert.Empty(server.Requests);
    }
}
