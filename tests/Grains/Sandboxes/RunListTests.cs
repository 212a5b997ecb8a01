using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

public sealed class RunListTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_are_listed_newest_first_page_by_page()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        List<RunId> runs = [];
        for (var i = 0; i < 7; i++)
        {
            var run = await sandbox.StartRunAsync(program => program.Print("a\n"));
            await run.ReadToEndAsync();
            runs.Insert(0, run.Id);
        }

        List<RunId> listed = [];
        RunPage page;
        RunId? before = null;
        do
        {
            page = await sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(Limit: 3, Before: before), Cancel);
            listed.AddRange(page.Runs.Select(run => run.Id));
            before = page.Next;
        }
        while (before is not null);

        Assert.Equal(runs, listed);
        Assert.Single(page.Runs);
        Assert.Empty((await sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(Before: RunId.New()), Cancel)).Runs);
        await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(Limit: 0), Cancel));
    }

    [Fact]
    public async Task A_list_can_be_filtered_and_outlives_the_sandbox()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var gate = new Gate();
        var ended = await sandbox.StartRunAsync(program => program);
        await ended.ReadToEndAsync();
        var code = await sandbox.StartRunAsync(RunId.New(), sandbox.Request(program => program.Wait(gate)) with { Tag = "t" });
        var process = await sandbox.StartProcessAsync(program => program.RunForever(), change: request => request with { Tag = "t" });
        async Task<RunId[]> ListAsync(RunFilter filter) => [.. (await sandbox.Grain.ListRuns(GrainCluster.Tenant, filter, Cancel)).Runs.Select(run => run.Id)];

        Assert.Equal([process.Id, code.Id, ended.Id], await ListAsync(new RunFilter()));
        Assert.Equal([process.Id], await ListAsync(new RunFilter(RunKind.Process)));
        Assert.Equal([ended.Id], await ListAsync(new RunFilter(State: RunState.Ended)));
        Assert.Equal([process.Id, code.Id], await ListAsync(new RunFilter(Tag: "t")));
        Assert.Equal([code.Id], await ListAsync(new RunFilter(Tag: "t", Context: "python")));
        await sandbox.DeleteAsync();
        Assert.Equal([process.Id, code.Id, ended.Id], await ListAsync(new RunFilter(State: RunState.Ended)));
    }
}
