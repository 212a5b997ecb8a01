using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Runs;

/// <summary>Tools that code calls, through two frontends and over the death of a worker.</summary>
[Collection("cluster")]
public sealed class ToolTests(ClusterService cluster)
{
    private const int Calls = 100;
    private static readonly object Tool = new { name = "square", description = "Squares.", input_schema = new { type = "object", properties = new { n = new { type = "integer" } }, required = new[] { "n" } } };

    // The reader is cut after every tenth call and continues through the other frontend; after the fiftieth the workers die with calls open.
    [Fact]
    public async Task A_hundred_calls_are_each_answered_once_over_cuts_and_a_dead_worker()
    {
        var sandbox = await cluster.First.CreateAsync();
        const string Code = """
            import asyncio
            async def both(n):
                return [await call_tool_async('square', n=n), await call_tool_async('square', n=n + 1)]
            total = 0
            for start in range(0, 100, 10):
                parts = await asyncio.gather(*(both(n) for n in range(start, start + 10, 2)))
                total += sum(sum(part) for part in parts)
            print(total)
            """;
        RunsApi[] readers = [new(cluster.First, sandbox), new(cluster.Second, sandbox)];
        var run = await readers[0].StartAsync(new { code = Code, tools = new[] { Tool }, tool_timeout_seconds = 120, timeout_seconds = 240 });

        var (events, calls, turn, seq, hasKilled) = (new List<SandboxEvent>(), new ConcurrentDictionary<string, int>(), 0, 0L, false);
        while (events is [] || events[^1].Type != "exit")
        {
            var reader = readers[turn++ % 2];
            // A part of the calls of a turn stays open, so that whoever continues has some to answer, and so that the workers die with open ones.
            var part = await reader.ReadUntilAsync(run, seq, seen => seen[^1].Type == "exit" || seen.Any(e => e.Type == "tool_request") && seen.Count >= 10 || HasAllOfTurn([.. events, .. seen]));
            events.AddRange(part);
            seq = events[^1].Seq;
            if (!hasKilled && calls.Count >= 50)
            {
                hasKilled = true;
                foreach (var worker in new[] { "worker1", "worker2" }) await cluster.KillAsync(worker);
            }

            if (events[^1].Type == "exit") break;
            var open = await OpenCallsAsync(reader, run);
            foreach (var request in events.Where(e => e.Type == "tool_request").Select(e => e.Json.GetProperty("data")))
            {
                var id = request.GetProperty("call_id").GetString()!;
                if (!open.Contains(id)) continue;
                var n = request.GetProperty("arguments").GetProperty("n").GetInt32();
                Assert.True(calls.TryAdd(id, n), $"{id} was open after it was answered");
                await AnswerAsync(reader, run, id, n * n);
            }
        }

        Assert.True(hasKilled);
        Assert.Equal(Enumerable.Range(0, Calls).Select(n => n * n).Sum() + "\n", string.Concat(events.Where(e => e.Type == "stdout").Select(e => e.Text)));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(number => (long)number), events.Select(e => e.Seq));
        Assert.Equal(Enumerable.Range(0, Calls), calls.Values.Order());
        Assert.Equal((Calls, Calls, 1), (Count("tool_request"), Count("tool_response"), Count("exit")));
        Assert.Equal(0, events[^1].Code);
        Assert.All(events.Where(e => e.Type == "tool_response"), e => Assert.True(e.Json.GetProperty("data").GetProperty("ok").GetBoolean()));
        await cluster.First.DeleteAsync(sandbox);
        await cluster.BecomeWholeAsync();

        int Count(string type) => events.Count(e => e.Type == type);
    }

    [Fact]
    public async Task Sixteen_calls_wait_at_once_and_the_same_answer_may_come_twice()
    {
        var sandbox = await cluster.First.CreateAsync();
        RunsApi[] readers = [new(cluster.First, sandbox), new(cluster.Second, sandbox)];
        var run = await readers[0].StartAsync(new { code = "import asyncio\nprint(await asyncio.gather(*(call_tool_async('square', n=n) for n in range(16))))\ntools.square(n=0)", tools = new[] { Tool } });
        var requests = await readers[1].ReadUntilAsync(run, 0, seen => seen.Count(e => e.Type == "tool_request") == 16);

        await Task.WhenAll(requests.Select(e => e.Json.GetProperty("data")).SelectMany(data => readers.Select(reader =>
            AnswerAsync(reader, run, data.GetProperty("call_id").GetString()!, data.GetProperty("arguments").GetProperty("n").GetInt32() + 100))));
        // Until here the run waits, so that no answer comes after its end.
        await AnswerAsync(readers[0], run, "call_17", 0);
        var all = await readers[0].ReadUntilAsync(run, 0, seen => seen[^1].Type == "exit");
        Assert.Equal($"[{string.Join(", ", Enumerable.Range(100, 16))}]\n", string.Concat(all.Where(e => e.Type == "stdout").Select(e => e.Text)));
        Assert.Equal(17, all.Count(e => e.Type == "tool_response"));
        Assert.DoesNotContain(all, e => e.Type == "tool_response" && e.Json.GetProperty("data").TryGetProperty("content", out _));
        await cluster.First.DeleteAsync(sandbox);
    }

    // All calls of a turn are there when five wait: none follows before one is answered.
    private static bool HasAllOfTurn(List<SandboxEvent> events) => events.Count(e => e.Type == "tool_request") - events.Count(e => e.Type == "tool_response") >= 5;

    private static async Task<HashSet<string>> OpenCallsAsync(RunsApi reader, string run)
    {
        HashSet<string>? open = null;
        await Until.TrueAsync(
            async () =>
            {
                if (await reader.TryGetAsync(run) is not { } info) return false;
                if (info.GetProperty("state").GetString() == "ended") open = [];
                else if (info.TryGetProperty("open_tool_calls", out var ids)) open = [.. ids.EnumerateArray().Select(id => id.GetString()!)];
                return open is not null;
            },
            TimeSpan.FromSeconds(60), "the open calls are known");
        return open!;
    }

    private static Task AnswerAsync(RunsApi reader, string run, string call, int value) => Until.TrueAsync(
        async () => await reader.TrySendAsync($"/runs/{run}/tool_results", new { results = new[] { new { call_id = call, content = value } } }) is HttpStatusCode.OK,
        TimeSpan.FromSeconds(60), $"{call} is answered");
}
