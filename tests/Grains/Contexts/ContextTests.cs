using System.Collections.Immutable;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Contexts;

public sealed class ContextTests
{
    private static readonly ContextId Other = new("other");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Contexts_are_created_found_and_deleted()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        Assert.Equal(ContextId.Default, Assert.Single(await sandbox.Contexts.List(GrainCluster.Tenant, Cancel)).Id);
        var created = await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other), Cancel);
        Assert.Equal((Other, true), (created.Context.Id, created.Created));
        Assert.False((await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other), Cancel)).Created);
        Assert.Equal(ContextState.Idle, (await sandbox.Contexts.Get(GrainCluster.Tenant, Other, Cancel)).State);
        await Assert.ThrowsAsync<ContextExistsException>(() => sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other) with { Cwd = "/tmp" }, Cancel));
        await sandbox.Contexts.Delete(GrainCluster.Tenant, Other, Cancel);
        await Assert.ThrowsAsync<ContextNotFoundException>(() => sandbox.Contexts.Get(GrainCluster.Tenant, Other, Cancel));
        await Assert.ThrowsAsync<ContextNotFoundException>(() => sandbox.Contexts.Delete(GrainCluster.Tenant, Other, Cancel));
        await Assert.ThrowsAsync<ContextRequiredException>(() => sandbox.Contexts.Delete(GrainCluster.Tenant, ContextId.Default, Cancel));
        await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Contexts.Create(GrainCluster.Tenant, Spec(null) with { Cwd = "tmp" }, Cancel));
        for (var i = 0; i < 7; i++) await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(null), Cancel);
        await Assert.ThrowsAsync<ContextQuotaExceededException>(() => sandbox.Contexts.Create(GrainCluster.Tenant, Spec(null), Cancel));
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => sandbox.Contexts.List(new Tenants.TenantId("stranger"), Cancel));
    }

    [Fact]
    public async Task An_operator_may_allow_fewer_contexts()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Runs:MaxContexts"] = "2");
        var sandbox = await cluster.CreateAsync();
        await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other), Cancel);

        Assert.Equal(2, (await Assert.ThrowsAsync<ContextQuotaExceededException>(() => sandbox.Contexts.Create(GrainCluster.Tenant, Spec(null), Cancel))).Limit);
        Assert.False((await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other), Cancel)).Created);
    }

    [Fact]
    public async Task A_run_of_a_context_has_its_number()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other), Cancel);
        var id = RunId.New();
        var request = sandbox.Request(program => program.Print("a\n")) with { Context = Other.Value, Display = DisplayPolicy.Last };

        var accepted = await sandbox.Grain.StartRun(GrainCluster.Tenant, id, request, Cancel);

        Assert.Equal(1, accepted.ExecutionCount);
        await sandbox.Run(id).ReadToEndAsync();
        var info = await sandbox.Run(id).GetAsync();
        Assert.Equal(("other", 1), (info.Context, info.ExecutionCount));
        var plain = await sandbox.RunAsync(program => program);
        var list = await sandbox.Grain.ListRuns(GrainCluster.Tenant, new RunFilter(Context: "python"), Cancel);
        Assert.Equal(("python", 1), (Assert.Single(list.Runs).Context, list.Runs[0].ExecutionCount));
        Assert.Equal(0, plain.ExitCode);
    }

    [Fact]
    public async Task A_run_of_an_unknown_context_is_refused_and_leaves_nothing()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var id = RunId.New();
        var request = sandbox.Request(program => program) with { Context = "unknown" };

        await Assert.ThrowsAsync<ContextNotFoundException>(() => sandbox.Grain.StartRun(GrainCluster.Tenant, id, request, Cancel));

        await Assert.ThrowsAsync<RunNotFoundException>(() => sandbox.Grain.GetRun(GrainCluster.Tenant, id));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_restart_returns_when_the_new_interpreter_answers()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.StartingAnswers = 3;

        var context = await sandbox.Contexts.Restart(GrainCluster.Tenant, ContextId.Default, Cancel);

        Assert.Equal((ContextState.Idle, 0), (context.State, sandbox.Guest.StartingAnswers));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_interrupt_of_a_context_needs_no_run(bool queued)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var running = await sandbox.StartRunAsync(program => program.Print("a\n").RunForever());
        await running.ReadAsync(1);
        var waiting = await sandbox.StartRunAsync(program => program.Print("b\n"));

        var interrupted = await sandbox.Contexts.Interrupt(GrainCluster.Tenant, ContextId.Default, queued, TimeSpan.FromSeconds(1), Cancel);

        Assert.Equal(queued ? [running.Id, waiting.Id] : [running.Id], interrupted);
        Assert.Equal((130, "interrupted"), await running.ReadToEndAsync() is var end ? (end.ExitCode, end.Reason) : default);
        Assert.Equal(queued ? 130 : 0, (await waiting.ReadToEndAsync()).ExitCode);
    }

    // The worker dies while a context executes: the guest holds it.
    [Fact]
    public async Task A_run_of_a_context_outlives_its_worker()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await sandbox.Contexts.Create(GrainCluster.Tenant, Spec(Other), Cancel);
        var gate = new Gate();
        var id = RunId.New();
        var run = await sandbox.StartRunAsync(id, sandbox.Request(program => program.Print("a\n").Wait(gate).Print("b\n")) with { Context = Other.Value, Tag = "cell" });
        await run.ReadAsync(1);

        await sandbox.Worker.KillAsync();
        gate.Open();
        await sandbox.Worker.StartAsync();
        await cluster.WaitForHostsAsync();

        var outcome = await run.ReadToEndAsync();
        Assert.Equal(("a\nb\n", 0, true), (outcome.Output, outcome.ExitCode, outcome.IsGapless));
        Assert.Equal(("other", "cell", 1), await run.GetAsync() is var info ? (info.Context, info.Tag, info.ExecutionCount) : default);
        Assert.Equal(2, (await Patience.CallAsync(() => sandbox.Contexts.List(GrainCluster.Tenant, Cancel))).Length);
        await cluster.AgreesAsync();
    }

    private static ContextSpec Spec(ContextId? id) => new(id, RunLanguage.Python, null, ImmutableSortedDictionary<string, string>.Empty);
}
