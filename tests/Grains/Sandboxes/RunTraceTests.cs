using System.Text.Json;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>The spans of runs, without any tracing backend.</summary>
public sealed class RunTraceTests
{
    [Fact]
    public async Task A_run_has_a_trace_while_it_executes_after_its_end_and_after_that_of_its_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate).Exit(3));
        await run.ReadAsync(1);
        var open = await ReadAsync(sandbox, run.Id);
        gate.Open();
        await run.ReadToEndAsync();
        var ended = await ReadAsync(sandbox, run.Id);
        await sandbox.DeleteAsync();
        var left = await ReadAsync(sandbox, run.Id);

        Assert.Equal((true, false, false), (open.IsOpen, ended.IsOpen, left.IsOpen));
        Assert.Equal(["execute_tool run_code", "podflare.run.queue", "podflare.run.execute"], ended.Spans.Select(span => span.GetProperty("name").GetString()));
        Assert.Equal(ended.Spans.Select(span => span.GetRawText()), left.Spans.Select(span => span.GetRawText()));
        Assert.Equal(ended.Spans.Select(Id), open.Spans.Select(Id));
        Assert.Contains("\"process.exit.code\",\"value\":{\"intValue\":\"3\"}", ended.Spans[0].GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trace_survives_its_worker()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n").Wait(gate));
        await run.ReadAsync(1);
        var before = await ReadAsync(sandbox, run.Id);
        await sandbox.Worker.KillAsync();
        await sandbox.Worker.StartAsync();
        await cluster.WaitForHostsAsync();
        gate.Open();
        await run.ReadToEndAsync();

        var after = await ReadAsync(sandbox, run.Id);

        Assert.False(after.IsOpen);
        Assert.Equal(before.Spans.Select(Id), after.Spans.Select(Id));
    }

    [Fact]
    public async Task It_is_nobody_elses_and_not_that_of_a_run_that_never_was()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var run = await sandbox.StartRunAsync(program => program.Print("a\n"));
        await run.ReadToEndAsync();

        await Assert.ThrowsAsync<SandboxNotFoundException>(() => sandbox.Grain.GetRunTrace(new TenantId("other"), run.Id));
        await Assert.ThrowsAsync<RunNotFoundException>(() => sandbox.Grain.GetRunTrace(GrainCluster.Tenant, RunId.New()));
    }

    private static string? Id(JsonElement span) => span.GetProperty("spanId").GetString();

    private static async Task<(bool IsOpen, JsonElement[] Spans)> ReadAsync(TestSandbox sandbox, RunId run)
    {
        var trace = await Patience.CallAsync(() => sandbox.Grain.GetRunTrace(GrainCluster.Tenant, run));
        return (trace.IsOpen, [.. JsonDocument.Parse(trace.Json).RootElement.GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").EnumerateArray()]);
    }
}
