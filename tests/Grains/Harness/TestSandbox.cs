using System.Collections.Immutable;
using System.Text;
using Podflare.Contexts;
using Podflare.Engine;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Harness;

/// <summary>A sandbox of a <see cref="GrainCluster"/>, as a client uses it. Calls are repeated as a frontend repeats them.</summary>
public sealed class TestSandbox(GrainCluster cluster, SandboxId id)
{
    public SandboxId Id => id;

    /// <summary>The grain itself; calls of it are not repeated.</summary>
    public ISandboxGrain Grain => cluster.Grains.GetGrain<ISandboxGrain>(id.Value);

    /// <summary>The worker on whose engine it lives.</summary>
    public TestSilo Worker => cluster.WorkerOf(id);

    public ScriptedContainer Container => Worker.Engine[id];

    public ScriptedGuest Guest => Container.Guest;

    public Task<SandboxInfo> GetAsync() => Patience.CallAsync(() => Grain.Get(GrainCluster.Tenant));

    public Task DeleteAsync() => Patience.CallAsync(() => Grain.Delete(GrainCluster.Tenant));

    /// <summary>Runs a program and reads it to its end.</summary>
    public async Task<RunOutcome> RunAsync(Func<GuestProgram, GuestProgram> program) => await (await StartRunAsync(program)).ReadToEndAsync();

    /// <summary>Starts a run.</summary>
    /// <param name="key">An idempotency key; null for a run of its own.</param>
    public async Task<TestRun> StartRunAsync(
        Func<GuestProgram, GuestProgram> program, string? key = null, TimeSpan? timeout = null, OnDisconnect onDisconnect = OnDisconnect.Continue)
    {
        var request = Request(program, timeout, onDisconnect);
        var run = key is null ? RunId.New() : RunId.FromKey(GrainCluster.Tenant, id, key);
        return await StartRunAsync(run, request);
    }

    /// <summary>Starts a run, or joins the one with the same id.</summary>
    public async Task<TestRun> StartRunAsync(RunId run, RunRequest request)
    {
        var accepted = await Patience.CallAsync(() => Grain.StartRun(GrainCluster.Tenant, run, request, TestContext.Current.CancellationToken));
        return new TestRun(cluster, this, run) { Joined = accepted.Joined };
    }

    /// <summary>A request whose code is a program, to be used with <see cref="Grain"/>.</summary>
    public RunRequest Request(Func<GuestProgram, GuestProgram> program, TimeSpan? timeout = null, OnDisconnect onDisconnect = OnDisconnect.Continue)
    {
        var code = cluster.Programs.Add(program(new GuestProgram()));
        return new RunRequest(Encoding.UTF8.GetBytes(code), RunLanguage.Python, timeout ?? TimeSpan.FromHours(1), onDisconnect, ImmutableSortedDictionary<string, string>.Empty);
    }

    /// <summary>Starts a process, or with a size a terminal, whose command is a program.</summary>
    public Task<TestRun> StartProcessAsync(Func<GuestProgram, GuestProgram> program, TerminalSize? terminal = null, bool stdin = true, Func<RunRequest, RunRequest>? change = null)
    {
        var request = Request(program, RunRequest.NoTimeout) with
        {
            Language = RunLanguage.Bash,
            Kind = RunKind.Process,
            Process = new ProcessSpec([], "/tmp", terminal),
            Stdin = stdin,
        };
        return StartRunAsync(RunId.New(), change?.Invoke(request) ?? request);
    }

    /// <summary>The contexts of the sandbox.</summary>
    public IContextExtension Contexts => Grain.AsReference<IContextExtension>();

    /// <summary>The files of the sandbox.</summary>
    public IFileExtension Files => Grain.AsReference<IFileExtension>();

    /// <summary>A run that was started before.</summary>
    public TestRun Run(RunId run) => new(cluster, this, run);
}
