using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Sandboxes;
using static Podflare.McpPeer;

namespace Podflare;

/// <summary>The Tasks extension.</summary>
public sealed class McpTaskTests(SharedCluster shared)
{
    private const string ForeignTask = "sbx_00000001ffffffffffffffffffffffff:run_0123456789abcdef0123456789abcdef";

    private readonly Cluster _cluster = shared.Cluster;
    private readonly McpPeer _peer = new(shared.Cluster.Client) { KnowsTasks = true };

    [Fact]
    public async Task A_long_run_is_a_task_that_every_request_can_ask_for()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString());

        var task = await StartAsync(id, $"out 1\nhold {gate}\nexit 3");
        var taskId = task.Text("taskId")!;
        Assert.Equal(("task", "working", $"{id}:{Runs(id).Single().Id}"), (task.Text("resultType"), task.Text("status"), taskId));
        Assert.Equal((1_000, 3_600_000), (task.GetProperty("pollIntervalMs").GetInt32(), task.GetProperty("ttlMs").GetInt32()));
        Assert.Equal("working", (await GetAsync(taskId)).Text("status"));
        _cluster.World.Gate(gate).SetResult();
        await Cluster.WaitAsync(async () => (await GetAsync(taskId)).Text("status") != "working");

        var done = await GetAsync(taskId);
        Assert.Equal(("completed", "complete"), (done.Text("status"), done.GetProperty("result").Text("resultType")));
        Assert.True(done.GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.Equal($"1\n[exit code 3]\n[sandbox_id {id}]", done.GetProperty("result").GetProperty("content")[0].Text("text"));
        Assert.Equal(0, Runs(id).Single().Interrupts);
    }

    [Fact]
    public async Task A_run_that_ends_in_time_is_no_task()
    {
        var id = _cluster.World.Add();

        var result = await _peer.CallAsync("run_python", Arguments(("code", "out 1"), ("sandbox_id", id.Value)));

        Assert.Equal("ended", result.GetProperty("structuredContent").Text("state"));
    }

    [Fact]
    public async Task A_task_can_be_cancelled_also_after_its_end()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString());
        var taskId = (await StartAsync(id, $"hold {gate}")).Text("taskId")!;

        await _peer.ResultAsync("tasks/cancel", new JsonObject { ["taskId"] = taskId });
        Assert.Equal(1, Runs(id).Single().Interrupts);
        _cluster.World.Gate(gate).SetResult();
        await Cluster.WaitAsync(() => Runs(id).Single().Ended);
        Assert.Equal("complete", (await _peer.ResultAsync("tasks/cancel", new JsonObject { ["taskId"] = taskId })).Text("resultType"));
        Assert.Equal("complete", (await _peer.ResultAsync("tasks/update", new JsonObject { ["taskId"] = taskId, ["inputResponses"] = new JsonObject() })).Text("resultType"));
    }

    [Fact]
    public async Task Unknown_and_foreign_tasks_are_the_same()
    {
        var foreign = _cluster.World.Add(new("acme"));
        using var acme = _cluster.ClientOf(Cluster.AcmeKey);
        var theirs = await new McpPeer(acme) { KnowsTasks = true }.CallAsync("run_python", Arguments(("code", "hold never"), ("sandbox_id", foreign.Value), ("wait_seconds", 0)));
        string[] errors = [];

        foreach (var taskId in new[] { theirs.Text("taskId")!, ForeignTask, "nonsense", ":", "" })
        {
            foreach (var method in new[] { "tasks/get", "tasks/cancel", "tasks/update" })
            {
                var error = await _peer.FailAsync(method, new JsonObject { ["taskId"] = taskId });
                Assert.Equal(-32602, error.GetProperty("code").GetInt32());
                errors = [.. errors, error.Text("message")!];
            }
        }

        Assert.Single(errors.Take(6).Distinct());
        Assert.Equal(0, Runs(foreign).Single().Interrupts);
    }

    [Fact]
    public async Task A_client_that_does_not_say_that_it_knows_tasks_gets_none()
    {
        var id = _cluster.World.Add();
        var peer = new McpPeer(_cluster.Client);

        var result = await peer.CallAsync("run_python", Arguments(("code", "hold never"), ("sandbox_id", id.Value), ("wait_seconds", 0)));
        Assert.Equal("running", result.GetProperty("structuredContent").Text("state"));
        Assert.Equal(-32021, (await peer.FailAsync("tasks/get", new JsonObject { ["taskId"] = $"{id}:{Runs(id).Single().Id}" })).GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task A_task_whose_sandbox_is_gone_has_failed()
    {
        var id = _cluster.World.Add();
        var taskId = (await StartAsync(id, "hold never")).Text("taskId")!;

        _cluster.World.Sandboxes[id.Value].Failure = () => new SandboxLostException();

        var task = await GetAsync(taskId);
        Assert.Equal("failed", task.Text("status"));
        Assert.StartsWith("sandbox_lost: ", task.GetProperty("error").Text("message"), StringComparison.Ordinal);
    }

    private Task<JsonElement> StartAsync(SandboxId id, string code) => _peer.CallAsync("run_python", Arguments(("code", code), ("sandbox_id", id.Value), ("wait_seconds", 0)));

    private Task<JsonElement> GetAsync(string taskId) => _peer.ResultAsync("tasks/get", new JsonObject { ["taskId"] = taskId });

    private IReadOnlyList<Podflare.Scripted.ScriptedRun> Runs(SandboxId id) => _cluster.World.Sandboxes[id.Value].Runs;
}
