using System.Net;
using System.Text.Json.Nodes;
using static Podflare.NetSdk.Scripted.ScriptedServer;

namespace Podflare.NetSdk.Scripted;

public sealed class ContextTests
{
    private const string Info = """{"id":"analysis","language":"python","cwd":"/root","state":"busy","run":"run_1","queued":2,"execution_count":7}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_context_from_create_to_delete()
    {
        var server = new ScriptedServer()
            .Json(Info)
            .Stream(Lines(1, 1, exit: true))
            .Json($$"""{"contexts":[{{Info}}]}""")
            .Json(Info, times: 2)
            .Json("""{"runs":["run_1","run_2"]}""")
            .Then(() => new HttpResponseMessage(HttpStatusCode.NoContent));
        var contexts = server.Attach().Contexts;
        var context = await contexts.CreateAsync(new ContextOptions { Id = "analysis", WorkingDirectory = "/tmp" }, Cancellation);
        Assert.Equal("1\n", (await context.RunAsync("1", cancellationToken: Cancellation)).Stdout);
        var info = Assert.Single(await contexts.ListAsync(Cancellation));
        Assert.Equal((ContextState.Busy, "run_1", 2, 7, "/root"), (info.State, info.RunId, info.Queued, info.ExecutionCount, info.WorkingDirectory));
        await context.GetInfoAsync(Cancellation);
        await context.RestartAsync(Cancellation);
        Assert.Equal(["run_1", "run_2"], await context.InterruptAsync(queued: true, TimeSpan.FromSeconds(1), Cancellation));
        await context.DeleteAsync(Cancellation);
        string[] expected =
        [
            """POST contexts {"id":"analysis","language":"python","cwd":"/tmp"}""",
            """POST exec {"code":"1","context":"analysis"}""",
            "GET contexts ",
            "GET contexts/analysis ",
            "POST contexts/analysis/restart ",
            """POST contexts/analysis/interrupt {"grace_seconds":1,"queued":true}""",
            "DELETE contexts/analysis ",
        ];
        Assert.Equal(expected, server.Requests.Select(request => $"{request.Method} {request.Path["/v1/sandboxes/sbx_1/".Length..]} {request.Body}"));
    }

    [Fact]
    public async Task A_create_without_an_id_can_be_repeated()
    {
        var server = new ScriptedServer().Break().Json(Info);
        await server.Attach().Contexts.CreateAsync(cancellationToken: Cancellation);
        var ids = server.Requests.Select(request => JsonNode.Parse(request.Body)!["id"]!.GetValue<string>()).ToArray();
        Assert.Matches("^[a-z0-9][a-z0-9_-]{0,63}$", ids[0]);
        Assert.Equal(ids[0], ids[1]);
    }

    [Fact]
    public async Task A_restart_whose_answer_is_lost_is_not_repeated()
    {
        var server = new ScriptedServer().Break();
        await Assert.ThrowsAsync<PodflareConnectionException>(() => server.Attach().Contexts.Get("python").RestartAsync(Cancellation));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_interrupt_needs_no_run_id_and_a_deleted_context_may_be_gone()
    {
        var server = new ScriptedServer().Json("""{"runs":[]}""").Refuse(404, "context_not_found");
        Assert.Empty(await server.Attach().InterruptAsync(cancellationToken: Cancellation));
        Assert.Equal(("/v1/sandboxes/sbx_1/contexts/python/interrupt", "{}"), (server.Requests[0].Path, server.Requests[0].Body));
        await server.Attach().Contexts.Get("x").DeleteAsync(Cancellation);
    }
}
