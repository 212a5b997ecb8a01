using System.Collections.Concurrent;
using System.Collections.Immutable;
using Podflare.Audit;
using Podflare.Contexts;
using Podflare.Resources;
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

    /// <summary>From which its tokens are derived; empty until one is needed.</summary>
    public byte[] Secret { get; set; } = [];

    /// <summary>Files by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Modes of the folders that were made, by path.</summary>
    public ConcurrentDictionary<string, int> Folders { get; } = new();

    /// <summary>Files that were opened for reading.</summary>
    public int Reads { get; set; }

    /// <summary>The gate that a file waits for before it takes its place; null for none.</summary>
    public string? BeforePublish { get; set; }

    /// <summary>Whether its guest knows none of the later file operations.</summary>
    public bool IsOld { get; set; }

    /// <summary>Contexts by id. Every sandbox has the default one.</summary>
    public ConcurrentDictionary<string, ContextInfo> Contexts { get; } = new([KeyValuePair.Create("python", ScriptedContexts.Idle(ContextId.Default, null))]);

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
        var first = ScriptedRun.Words(request).FirstOrDefault("").Split(' ');
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
        "old" => new NotOfferedException(),
        "context" => new ContextNotFoundException("c9"),
        "contexts" => new ContextQuotaExceededException(8),
        "watch" => new WatchPathNotFoundException(),
        "folders" => new WatchTooLargeException(),
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

    public Task<SandboxCredentials> GetCredentials()
    {
        if (!world.Sandboxes.TryGetValue(this.GetPrimaryKeyString(), out var state)) throw new SandboxNotFoundException();
        if (state.Info.EndReason is { } why) throw new SandboxEndedException(why);
        return Task.FromResult(new SandboxCredentials(state.Info.Tenant, state.Secret, "/home/user"));
    }

    public async Task<SandboxCredentials> EnsureCredentials(TenantId tenant, CancellationToken cancellationToken)
    {
        var state = await FindAsync(tenant);
        if (state.Secret.Length == 0) state.Secret = System.Security.Cryptography.RandomNumberGenerator.GetBytes(SandboxCredentials.SecretBytes);
        return await GetCredentials();
    }

    public async Task<SandboxMetrics> GetMetrics(TenantId tenant, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        await FindAsync(tenant);
        var at = DateTimeOffset.FromUnixTimeMilliseconds(ScriptedRun.Time);
        ResourcePoint[] points =
        [
            new(at, null, TimeSpan.FromSeconds(0.41), 1000, 2000, 300, 3, 0, TimeSpan.Zero),
            new(at.AddSeconds(2), 0.42, TimeSpan.FromSeconds(1.25), null, null, null, null, null, null),
        ];
        return new SandboxMetrics(TimeSpan.FromSeconds(2), new ResourceLimits(1, 512 << 20, 128, null), [.. points.Where(point => !(point.At < from) && !(point.At > to))]);
    }

    public async Task<RunAccepted> StartRun(TenantId tenant, RunId run, RunRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(tenant)).StartAsync(run, request);

    public async Task<RunInfo> GetRun(TenantId tenant, RunId run) => (await FindAsync(tenant)).Find(run).Info;

    public async Task<RunTraceData> GetRunTrace(TenantId tenant, RunId run) => (await FindAsync(tenant)).Find(run).Trace;

    public async Task<IReadOnlyList<RunId>> ListRuns(TenantId tenant) => [.. (await FindAsync(tenant)).Runs.Select(run => run.Id)];

    public async Task<EventBatch?> ReadEvents(TenantId tenant, RunId run, long afterSeq, CancellationToken cancellationToken) => (await FindAsync(tenant)).Find(run).Read(afterSeq);

    public async Task Interrupt(TenantId tenant, RunId run, CancellationToken cancellationToken) => Interlocked.Increment(ref (await FindAsync(tenant)).Find(run).Interrupts);

    public async Task<RunPage> ListRuns(TenantId tenant, RunFilter filter, CancellationToken cancellationToken)
    {
        var runs = (await FindAsync(tenant)).Runs.Reverse().Select(run => run.Info).ToArray();
        var rest = filter.Before is { } before ? runs.SkipWhile(run => run.Id != before).Skip(1) : runs;
        RunInfo[] found = [.. rest.Where(run => Matches(run, filter)).Take(filter.Limit + 1)];
        RunInfo[] page = [.. found.Take(filter.Limit)];
        return new RunPage([.. page], found.Length > filter.Limit ? page[^1].Id : null);
    }

    public async Task Interrupt(TenantId tenant, RunId run, TimeSpan? grace, CancellationToken cancellationToken)
    {
        var found = (await FindAsync(tenant)).Find(run);
        found.Controls.Enqueue($"interrupt {grace}");
        Interlocked.Increment(ref found.Interrupts);
    }

    public async Task<long> WriteStdin(TenantId tenant, RunId run, StdinChunk chunk, CancellationToken cancellationToken) => Open(await FindAsync(tenant), run).Stdin.Write(chunk);

    public async Task Signal(TenantId tenant, RunId run, string signal, SignalScope scope, CancellationToken cancellationToken)
    {
        var sandbox = await FindAsync(tenant);
        var found = scope == SignalScope.All ? sandbox.Find(run) : Open(sandbox, run);
        found.Controls.Enqueue($"{signal} {scope}");
        if (signal == "SIGKILL") found.Kill();
    }

    public async Task Resize(TenantId tenant, RunId run, TerminalSize size, CancellationToken cancellationToken)
    {
        var found = Open(await FindAsync(tenant), run);
        if (found.Request.Process?.Terminal is null) throw new NotATerminalException();
        found.Controls.Enqueue($"{size.Columns}x{size.Rows}");
    }

    public async Task<ToolAnswerOutcome[]> AnswerToolCalls(TenantId tenant, RunId run, ToolAnswer[] answers, CancellationToken cancellationToken)
    {
        var found = (await FindAsync(tenant)).Find(run);
        return [.. answers.Select(found.Answer)];
    }

    public async Task<SandboxInfo> Update(TenantId tenant, SandboxUpdate update, CancellationToken cancellationToken)
    {
        var state = await FindAsync(tenant);
        if (state.Info.EndReason is { } reason) throw new SandboxEndedException(reason);
        var metadata = state.Info.Metadata;
        foreach (var (key, value) in update.Metadata ?? ImmutableSortedDictionary<string, string?>.Empty) metadata = value is null ? metadata.Remove(key) : metadata.SetItem(key, value);
        state.Info = state.Info with
        {
            Metadata = metadata,
            ExpiresAt = update.Lifetime is { } lifetime ? state.Info.CreatedAt + lifetime : state.Info.ExpiresAt,
            IdleLimit = update.IdleLimit ?? state.Info.IdleLimit,
        };
        return state.Info;
    }

    public async Task Delete(TenantId tenant, AuditOrigin? origin)
    {
        var state = await FindAsync(tenant);
        state.Info = state.Info with { State = SandboxState.Ended, EndReason = EndReason.Deleted, EndedAt = state.Info.CreatedAt };
    }

    public Task<SandboxInfo?> Adopt(string containerId) => Task.FromResult<SandboxInfo?>(null);

    public Task<bool> DeclareLost() => Task.FromResult(false);

    private static ScriptedRun Open(ScriptedSandboxState sandbox, RunId run) => sandbox.Find(run) is { Ended: false } found ? found : throw new RunEndedException();

    private static bool Matches(RunInfo run, RunFilter filter) =>
        (filter.Kind is null || run.Kind == filter.Kind) && (filter.State is null || run.State == filter.State)
        && (filter.Context is null || run.Context == filter.Context) && (filter.Tag is null || run.Tag == filter.Tag);

    private async Task<ScriptedSandboxState> FindAsync(TenantId tenant)
    {
        if (!world.Sandboxes.TryGetValue(this.GetPrimaryKeyString(), out var state) || state.Info.Tenant != tenant) throw new SandboxNotFoundException();
        await Task.Delay(state.Delay, TimeProvider.System);
        return state.Failure is { } failure ? throw failure() : state;
    }
}
