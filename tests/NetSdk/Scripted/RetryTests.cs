using Microsoft.Extensions.Time.Testing;

namespace Podflare.NetSdk.Scripted;

public sealed class RetryTests
{
    private const string Info = """{"id":"sbx_1","state":"ready"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_create_is_repeated_with_the_key_of_its_first_attempt()
    {
        var server = new ScriptedServer().Break().Refuse(503, "no_capacity", "0").Refuse(502, "x").Json(Info);
        await server.Connect().CreateSandboxAsync(cancellationToken: Cancellation);
        Assert.Equal(4, server.Requests.Count);
        Assert.Single(server.Requests.Select(request => request.Key).Distinct(), key => key is { Length: 32 });
    }

    [Fact]
    public async Task Different_calls_have_different_keys()
    {
        var server = new ScriptedServer().Json(Info, times: 2);
        using var client = server.Connect();
        await client.CreateSandboxAsync(cancellationToken: Cancellation);
        await client.CreateSandboxAsync(cancellationToken: Cancellation);
        Assert.NotEqual(server.Requests[0].Key, server.Requests[1].Key);
    }

    [Fact]
    public async Task An_exec_whose_answer_is_lost_is_repeated_with_its_key_and_body()
    {
        var server = new ScriptedServer().Break(times: 2).Refuse(429, "run_queue_full", "0").Stream(ScriptedServer.Lines(1, 2, exit: true));
        var result = await server.Attach().RunAsync("print(1)", cancellationToken: Cancellation);
        Assert.Equal("1\n2\n", result.Stdout);
        Assert.Equal(4, server.Requests.Count);
        Assert.Single(server.Requests.Select(request => (request.Key, request.Body, request.Path)).Distinct());
    }

    [Theory]
    [InlineData(400, "invalid_request")]
    [InlineData(401, "invalid_api_key")]
    [InlineData(404, "sandbox_not_found")]
    [InlineData(410, "sandbox_ended")]
    [InlineData(422, "idempotency_key_reused")]
    [InlineData(429, "sandbox_quota_exceeded")]
    [InlineData(500, "internal")]
    [InlineData(501, "not_offered")]
    public async Task What_a_repeat_would_not_mend_is_not_repeated(int status, string code)
    {
        var server = new ScriptedServer().Refuse(status, code, "0");
        await Assert.ThrowsAnyAsync<PodflareApiException>(() => server.Connect().CreateSandboxAsync(cancellationToken: Cancellation));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Repeats_end_and_the_last_failure_is_thrown()
    {
        var server = new ScriptedServer().Break(times: 2).Refuse(503, "sandbox_unreachable", "0");
        await Assert.ThrowsAsync<SandboxUnreachableException>(() => server.Attach(o => o.MaxRetries = 2).GetInfoAsync(Cancellation));
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_asks_for_too_much_patience_is_believed_at_once()
    {
        var server = new ScriptedServer().Refuse(503, "no_capacity", "31");
        var e = await Assert.ThrowsAsync<NoCapacityException>(() => server.Connect().CreateSandboxAsync(cancellationToken: Cancellation));
        Assert.Equal(TimeSpan.FromSeconds(31), e.RetryAfter);
    }

    [Fact]
    public void Pauses_grow_to_a_maximum_are_spread_and_never_shorter_than_asked()
    {
        var options = new PodflareClientOptions { RetryDelay = TimeSpan.FromMilliseconds(100), MaxRetryDelay = TimeSpan.FromSeconds(1) };
        var budget = new RetryBudget(10, options, TimeProvider.System);
        int[] tries = [0, 1, 2, 3, 4, 60];
        Assert.Equal([50, 100, 200, 400, 500, 500], tries.Select(used => budget.Pause(used, null, chance: 0).TotalMilliseconds));
        Assert.Equal([100, 200, 400, 800, 1000, 1000], tries.Select(used => budget.Pause(used, null, chance: 1).TotalMilliseconds));
        Assert.Equal(3_000, budget.Pause(0, TimeSpan.FromSeconds(3), chance: 0).TotalMilliseconds);
        Assert.InRange(budget.Pause(0, TimeSpan.FromSeconds(3), chance: 1).TotalMilliseconds, 3_001, 4_000);
    }

    [Fact]
    public async Task Retry_after_is_waited_for()
    {
        var time = new FakeTimeProvider();
        var server = new ScriptedServer().Refuse(503, "no_capacity", "7").Json(Info);
        var options = new PodflareClientOptions { BaseAddress = new Uri("http://scripted") };
        using var client = new PodflareClient(options, new HttpClient(server), null, time);
        var creating = client.CreateSandboxAsync(cancellationToken: Cancellation);
        time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Single(server.Requests);
        Assert.False(creating.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2.1));
        await creating;
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task An_upload_is_repeated_only_where_its_stream_can_go_back()
    {
        var server = new ScriptedServer().Break().Then(() => new HttpResponseMessage(System.Net.HttpStatusCode.NoContent)).Break();
        var files = server.Attach().Files;
        using var stream = new MemoryStream("xabc"u8.ToArray()) { Position = 1 };
        await files.UploadAsync("/tmp/a b/ü#?.txt", stream, Cancellation);
        Assert.Equal(["abc", "abc"], server.Requests.Select(request => request.Body));
        Assert.Equal("/v1/sandboxes/sbx_1/files/tmp/a%20b/%C3%BC%23%3F.txt", server.Requests[0].Path);
        await Assert.ThrowsAsync<PodflareConnectionException>(() => files.UploadAsync("x", new OneWay("abc"u8.ToArray()), Cancellation));
        Assert.Equal("/v1/sandboxes/sbx_1/files/root/x", server.Requests[2].Path);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Files_are_read_deleted_and_listed_as_the_contract_says()
    {
        var server = new ScriptedServer()
            .Then(() => new HttpResponseMessage { Content = new ByteArrayContent([1, 2, 3]) })
            .Then(() => new HttpResponseMessage(System.Net.HttpStatusCode.NoContent))
            .Json("""{"files":[{"name":"a","type":"file","size":3,"more":1}],"next_cursor":"c"}""")
            .Json("""{"files":[{"name_b64":"/2E=","type":"other"}]}""");
        var files = server.Attach().Files;
        Assert.Equal([1, 2, 3], await files.ReadAsync("/tmp/x", Cancellation));
        await files.DeleteAsync("/tmp/x", Cancellation);
        var entries = new List<SandboxFileInfo>();
        await foreach (var entry in files.ListAsync(cancellationToken: Cancellation)) entries.Add(entry);
        Assert.Equal(["a", "\ufffda"], entries.Select(entry => entry.DisplayName));
        Assert.Equal(["", "", "?path=%2Froot", "?path=%2Froot&cursor=c"], server.Requests.Select(request => request.Query));
    }

    [Fact]
    public async Task The_address_that_the_server_names_is_used_for_the_sandbox_unless_it_is_less_safe()
    {
        const string Pinned = """{"id":"sbx_1","state":"ready","endpoint":"http://other:81/x"}""";
        var server = new ScriptedServer().Json(Pinned).Json(Info).Json(Pinned).Json(Info);
        var plain = await server.Connect().CreateSandboxAsync(cancellationToken: Cancellation);
        await plain.GetInfoAsync(Cancellation);
        var safe = await server.Connect(o => o.BaseAddress = new Uri("https://scripted")).CreateSandboxAsync(cancellationToken: Cancellation);
        await safe.GetInfoAsync(Cancellation);
        Assert.Equal("/x/v1/sandboxes/sbx_1", server.Requests[1].Path);
        Assert.Equal("/v1/sandboxes/sbx_1", server.Requests[3].Path);
    }

    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
