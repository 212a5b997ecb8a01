using System.Collections.Concurrent;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>A sandbox of the scripted world.</summary>
public sealed class ScriptedSandboxState(World world, SandboxInfo info)
{
    private readonly List<ScriptedRun> _runs = [];
    private readonly Dictionary<RunId, int> _failures = [];

    public SandboxInfo Info { get; set; } = info;

    /// <summary>Files by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Whether every subscription is refused because the sandbox has too many readers.</summary>
    public bool HasTooManyReaders { get; set; }

    /// <summary>How long every answer takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>What every call throws.</summary>
    public Func<Exception>? Failure { get; set; }

    internal int Starts;

    /// <summary>Readers that are under way.</summary>
    internal int Readers;

    public IReadOnlyList<ScriptedRun> Runs
    {
        get
        {
            lock (_runs) return [.. _runs];
        }
    }

    public ScriptedRun Find(RunId run) => Runs.FirstOrDefault(known => known.Id == run) ?? throw new RunNotFoundException();

    /// <summary>Starts or joins. <c>fail n Name</c> as the first line of the code refuses n times before.</summary>
    public async Task<RunAccepted> StartAsync(RunId id, RunRequest request)
    {
        Interlocked.Increment(ref Starts);
        var first = ScriptedRun.Words(request)[0].Split(' ');
        if (first is ["fail", var times, var name] && Count(id) <= int.Parse(times, null)) throw Named(name);
        if (first is ["accept", var gate]) await world.Gate(gate).Task;
        ScriptedRun? run;
        lock (_runs)
        {
            run = _runs.Find(known => known.Id == id);
            if (run is not null)
            {
                return run.Request.PayloadHash() == request.PayloadHash() ? new RunAccepted(id, true, false) : throw new IdempotencyKeyReusedException();
            }

            run = new ScriptedRun(world, id, request);
            _runs.Add(run);
        }

        _ = Task.Run(run.PlayAsync);
        return new RunAccepted(id, false, first is ["restarted"]);
    }

    private int Count(RunId id)
    {
        lock (_failures) return _failures[id] = _failures.GetValueOrDefault(id) + 1;
    }

    public static Exception Named(string name) => name switch
    {
        "unreachable" => new SandboxUnreachableException(),
        "storage" => new StorageUnavailableException(),
        "full" => new RunQueueFullException(64),
        "ended" => new SandboxEndedException(EndReason.Expired),
        "lost" => new SandboxLostException(),
        "bug" => new InvalidOperationException("secret of the machine"),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}

[GrainType("sandbox")]
public sealed class ScriptedSandbox(World world) : Grain, ISandboxGrain
{
    public Task Prepare() => Task.CompletedTask;

    public Task<SandboxInfo> Create(string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        var id = SandboxId.Parse(this.GetPrimaryKeyString());
        if (world.Host(id.Host).CreateFailures.TryDequeue(out var failure)) throw failure;
        world.Add(tenant, id.Host, spec, id);
        world.Specs[id.Value] = spec;
        return Task.FromResult(world.Sandboxes[id.Value].Info);
    }

    public async Task<SandboxInfo> Get(TenantId tenant) => (await FindAsync(tenant)).Info;

    public async Task<RunAccepted> StartRun(TenantId tenant, RunId run, RunRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(tenant)).StartAsync(run, request);

    public async Task<RunInfo> GetRun(TenantId tenant, RunId run) => (await FindAsync(tenant)).Find(run).Info;

    public async Task<IReadOnlyList<RunId>> ListRuns(TenantId tenant) => [.. (await FindAsync(tenant)).Runs.Select(run => run.Id)];

    public async Task<EventBatch?> ReadEvents(TenantId tenant, RunId run, long afterSeq, CancellationToken cancellationToken) => (await FindAsync(tenant)).Find(run).Read(afterSeq);

    public async Task Interrupt(TenantId tenant, RunId run, CancellationToken cancellationToken) => Interlocked.Increment(ref (await FindAsync(tenant)).Find(run).Interrupts);

    public async Task Delete(TenantId tenant)
    {
        var state = await FindAsync(tenant);
        state.Info = state.Info with { State = SandboxState.Ended, EndReason = EndReason.Deleted, EndedAt = state.Info.CreatedAt };
    }

    public Task<SandboxInfo?> Adopt(string containerId) => Task.FromResult<SandboxInfo?>(null);

    public Task<bool> DeclareLost() => Task.FromResult(false);

    private async Task<ScriptedSandboxState> FindAsync(TenantId tenant)
    {
        if (!world.Sandboxes.TryGetValue(this.GetPrimaryKeyString(), out var state) || state.Info.Tenant != tenant) throw new SandboxNotFoundException();
        await Task.Delay(state.Delay, TimeProvider.System);
        return state.Failure is { } failure ? throw failure() : state;
    }
}
