using System.Collections.Concurrent;
using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

/// <summary>Code in real sandboxes that calls functions of this program.</summary>
public sealed class ToolTests(Service service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Code_calls_functions_of_this_program_and_gets_their_errors()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var result = await sandbox.RunCodeAsync(
            """
            print(tools.add.__doc__.splitlines()[0])
            try: tools.fail()
            except ToolError as error: print(error)
            try: tools.large()
            except ToolError as error: print('1048576' in str(error))
            [tools.add(1, b=2), await call_tool_async('add', a=3, b=4), tools.nothing()]
            """,
            [
                new SandboxTool("add", (call, _) => Value(call.Arguments.GetProperty("a").GetInt32() + call.Arguments.GetProperty("b").GetInt32()))
                {
                    Description = "Adds.",
                    InputSchema = JsonDocument.Parse("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"]}""").RootElement,
                },
                new SandboxTool("fail", (_, _) => throw new InvalidOperationException("no index")),
                new SandboxTool("large", (_, _) => Value(new string('x', 1 << 20))),
                new SandboxTool("nothing", (_, _) => Task.FromResult(default(JsonElement))),
            ],
            cancellationToken: Cancellation);

        Assert.Equal(("Adds.\nno index\nTrue\n", "[3, 7, None]"), (result.Stdout, result.Main?.Text));
    }

    [Fact]
    public async Task Arguments_that_do_not_match_the_schema_never_reach_the_function()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var calls = new ConcurrentQueue<string>();
        var order = new SandboxTool("order", (call, _) =>
        {
            calls.Enqueue(call.Arguments.GetRawText());
            return Value("ordered");
        })
        {
            InputSchema = JsonDocument.Parse("""
                {"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/$defs/item"}}},"required":["items"],"additionalProperties":false,
                 "$defs":{"item":{"type":"object","properties":{"price":{"type":"number","minimum":0}},"required":["price"]}}}
                """).RootElement,
        };
        var result = await sandbox.RunCodeAsync(
            """
            for arguments in ({"items": [{"price": 1}, {"price": "2"}]}, {"items": [{}]}, {}, {"items": [], "more": 1}, {"items": [{"price": 10**400}]}):
                try: call_tool("order", **arguments)
                except ToolError as error: print(error)
            tools.order(items=[{"price": 3}])
            """,
            [order], cancellationToken: Cancellation);

        string[] errors =
        [
            "arguments.items[1].price must be a number, not a string", "arguments.items[0].price is required", "arguments.items is required", "arguments.more is not allowed",
            "arguments.items[0].price is out of the range of numbers",
        ];
        Assert.Equal((string.Join("\n", errors) + "\n", "'ordered'"), (result.Stdout, result.Main?.Text));
        Assert.Equal("""{"items":[{"price":3}]}""", Assert.Single(calls));
    }

    [Fact]
    public async Task Tools_run_at_the_same_time()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var barrier = new Barrier(8);
        var result = await sandbox.RunCodeAsync(
            "import asyncio\nlen(await asyncio.gather(*(call_tool_async('meet') for _ in range(8))))",
            [new SandboxTool("meet", (_, token) => Task.Run(() => Value(barrier.SignalAndWait(TimeSpan.FromSeconds(20), token)), token))], cancellationToken: Cancellation);
        Assert.Equal("8", result.Main?.Text);
    }

    [Fact]
    public async Task Each_tool_runs_once_although_connections_are_cut()
    {
        await using var proxy = new CuttingProxy(service.Port, 12, maxBytes: 20_000, seed: 7);
        using var client = service.Connect(o =>
        {
            (o.BaseAddress, o.MaxRetries, o.MaxResumes) = (proxy.Address, 30, 30);
            (o.RetryDelay, o.MaxRetryDelay) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(10));
        });
        await using var sandbox = await client.CreateSandboxAsync(cancellationToken: Cancellation);
        var calls = new ConcurrentQueue<int>();
        var result = await sandbox.RunCodeAsync(
            "total = 0\nfor n in range(80):\n    print('x' * 500)\n    total += tools.add(n=n)\nprint(total)",
            [new SandboxTool("add", (call, _) =>
            {
                calls.Enqueue(call.Arguments.GetProperty("n").GetInt32());
                return Value(calls.Last());
            })],
            cancellationToken: Cancellation);

        Assert.Equal($"{Enumerable.Range(0, 80).Sum()}", result.Stdout.Split('\n')[^2]);
        Assert.Equal(Enumerable.Range(0, 80), calls);
    }

    [Fact]
    public async Task Events_are_answered_by_who_reads_them()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var run = await sandbox.StartRunAsync(
            "try: tools.search(q='x')\nexcept ToolError as error: print(error)\nprint(tools.search(q='y'))", new RunOptions { Tools = [new SandboxTool("search", (_, _) => Value(0))] }, Cancellation);
        var seen = new List<SandboxEvent>();
        await foreach (var e in run.ReadEventsAsync(cancellationToken: Cancellation))
        {
            seen.Add(e);
            if (e is not ToolRequestEvent request) continue;
            Assert.Equal([request.CallId], (await run.GetInfoAsync(Cancellation)).OpenToolCalls);
            Assert.StartsWith("00-", request.TraceParent, StringComparison.Ordinal);
            if (request.Arguments!.Value.GetProperty("q").GetString() == "x")
            {
                await Assert.ThrowsAsync<ToolCallNotFoundException>(() => run.AnswerToolCallAsync("call_9", JsonSerializer.SerializeToElement(1), Cancellation));
                await run.FailToolCallAsync(request.CallId, "never", Cancellation);
                await run.AnswerToolCallAsync(request.CallId, JsonSerializer.SerializeToElement("late"), Cancellation);
            }
            else
            {
                await run.AnswerToolCallAsync(request.CallId, JsonDocument.Parse("[1]").RootElement, Cancellation);
            }
        }

        Assert.Equal("never\n[1]\n", string.Concat(seen.OfType<StdoutEvent>().Select(e => e.Data)));
        Assert.Equal([(false, null), (true, null)], seen.OfType<ToolResponseEvent>().Select(e => (e.Succeeded, e.Reason)));
        await Assert.ThrowsAsync<ToolCallClosedException>(() => run.FailToolCallAsync("call_1", "x", Cancellation));
    }

    [Fact]
    public void Wrong_tools_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new SandboxTool("a b", (_, _) => Value(0)));
        Assert.Throws<ArgumentException>(() => new RunOptions { Tools = [new SandboxTool("a", (_, _) => Value(0)), new SandboxTool("a", (_, _) => Value(0))] }.ToStart("1"));
    }

    private static Task<JsonElement> Value<T>(T value) => Task.FromResult(JsonSerializer.SerializeToElement(value));
}
