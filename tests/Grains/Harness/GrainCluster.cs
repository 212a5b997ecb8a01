using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.TestingHost;
using Podflare.Engine;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Sandboxes;
using Podflare.Stores;
using Podflare.Tenants;

namespace Podflare.Harness;

/// <summary>
/// A cluster of real silos in this process: the product's grains, placement, streams and sockets over scripted engines, guests, stores and
/// a clock that the test moves. Nothing of it needs Docker, Redis or root. See README.md.
/// </summary>
public sealed class GrainCluster : IAsyncDisposable
{
    private const int ShownLines = 200;

    private readonly ConcurrentDictionary<InProcessTestSiloSpecificOptions, SiloComposition> _compositions = new();
    private readonly List<(InProcessSiloHandle Silo, Power Power)> _killed = [];
    private readonly List<TestSilo> _workers = [];
    private readonly List<TestSilo> _frontends = [];
    private readonly InProcessTestCluster _cluster;
    private int _ports = 10_000;

    private GrainCluster(ClusterSettings settings)
    {
        Settings = settings;
        Id = "test-" + RandomNumberGenerator.GetHexString(8, lowercase: true);
        Folder = Directory.CreateTempSubdirectory("pg.").FullName;
        Log = new UnreliableEventLog(Clock, settings.RunOptions);
        Usage = new UnreliableUsageLog(Clock, Folder);
        Audit = new UnreliableAuditLog(Clock, Folder);
        Feed = new UnreliableFeedLog(Clock);
        Storage = new UnreliableStorage(Clock);
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ClusterId = builder.Options.ServiceId = Id;
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSiloHost((options, host) => _compositions[options].Configure(host));
        _cluster = builder.Build();
    }

    public static TenantId Tenant => TenantId.Default;

    public Clock Clock { get; } = new();

    /// <summary>The event log that all silos share.</summary>
    public UnreliableEventLog Log { get; }

    /// <summary>The usage log that all silos share.</summary>
    public UnreliableUsageLog Usage { get; }

    /// <summary>The audit logs that all silos share.</summary>
    public UnreliableAuditLog Audit { get; }

    /// <summary>The feeds that all silos share.</summary>
    public UnreliableFeedLog Feed { get; }

    /// <summary>The grain storage that all silos share.</summary>
    public UnreliableStorage Storage { get; }

    public ReminderTable Reminders { get; } = new();

    /// <summary>What the silos have logged.</summary>
    public CapturedLogs Logs { get; } = new();

    public IReadOnlyList<TestSilo> Workers => _workers;

    public IReadOnlyList<TestSilo> Frontends => _frontends;

    /// <summary>The process through which the test calls: the first frontend that runs, else the first worker.</summary>
    public TestSilo Caller => _frontends.Concat(_workers).First(silo => silo.IsRunning);

    public IGrainFactory Grains => Caller.Grains;

    /// <summary>The silo that has the directory entry of a grain.</summary>
    public SiloAddress? DirectoryOwnerOf(GrainId grain) => SiloDirectory.OwnerOf(Caller.Services, grain);

    /// <summary>Hosts that the caller would choose for a new sandbox.</summary>
    internal int Candidates => Caller.Services.GetRequiredService<HostDirectory>().Candidates("default").Count;

    /// <summary>Another test may get it, if it is as new when this one is over.</summary>
    internal bool IsReusable { get; private set; }

    internal ClusterSettings Settings { get; }

    internal string Id { get; }

    internal string Folder { get; }

    internal GuestPrograms Programs { get; } = new();

    /// <summary>Starts a cluster whose workers accept sandboxes. An ordinary one may come from <see cref="ClusterPool"/>, and is as new.</summary>
    /// <param name="configure">Settings of the product for all silos.</param>
    public static async Task<GrainCluster> StartAsync(int workers = 1, int frontends = 1, Action<ClusterSettings>? configure = null)
    {
        var isOrdinary = workers == 1 && frontends == 1 && configure is null;
        if (isOrdinary && ClusterPool.TryTake() is { } asNew) return asNew;
        var settings = new ClusterSettings();
        configure?.Invoke(settings);
        var cluster = new GrainCluster(settings);
        try
        {
            for (var i = 0; i < frontends; i++) await cluster.AddFrontendAsync();
            for (var i = 0; i < workers; i++) await cluster.AddWorkerAsync();
            await cluster.WaitForHostsAsync();
            cluster.IsReusable = isOrdinary;
            return cluster;
        }
        catch (Exception e)
        {
            await cluster.EndAsync();
            throw new InvalidOperationException($"The cluster did not start:\n{string.Join('\n', cluster.Logs.Lines.TakeLast(30))}", e);
        }
    }

    /// <summary>Says that the test changes something that this class does not know of, so that no other test may get the cluster.</summary>
    public void KeepFromOtherTests() => IsReusable = false;

    public TestSilo Worker(int index) => _workers[index];

    public TestSilo Frontend(int index) => _frontends[index];

    /// <summary>The worker on whose engine a sandbox lives.</summary>
    public TestSilo WorkerOf(SandboxId sandbox) => _workers.First(worker => worker.Engine.Find(sandbox) is not null);

    public async Task<TestSilo> AddFrontendAsync()
    {
        KeepFromOtherTests();
        var frontend = new TestSilo(this, machine: null);
        await frontend.StartAsync();
        _frontends.Add(frontend);
        return frontend;
    }

    /// <summary>Adds a worker on a machine of its own.</summary>
    /// <param name="host">A host id that another machine has already makes the worker a rival; null draws a new one.</param>
    public async Task<TestSilo> AddWorkerAsync(string? host = null)
    {
        KeepFromOtherTests();
        var number = _workers.Count;
        var machine = new Machine(
            host ?? (number + 1).ToString("x8", CultureInfo.InvariantCulture), Path.Combine(Folder, $"w{number}"), new ScriptedEngine(Clock, Programs), ++_ports, ++_ports);
        var worker = new TestSilo(this, machine);
        _workers.Add(worker);
        await worker.StartAsync();
        return worker;
    }

    /// <summary>Creates a sandbox as a client without an idempotency key does, which repeats what was answered with 503.</summary>
    /// <param name="change">Changes what is asked for.</param>
    public Task<TestSandbox> CreateAsync(Func<SandboxSpec, SandboxSpec>? change = null) => Patience.CallAsync(() => CreateOnceAsync(change), evenWithoutCapacity: true);

    /// <summary>Creates a sandbox; whatever refuses it is thrown.</summary>
    public async Task<TestSandbox> CreateOnceAsync(Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var creation = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var info = await Caller.Services.GetRequiredService<SandboxCreator>().CreateAsync(
            creation, Tenant, Spec(change), claimed: null, TestContext.Current.CancellationToken);
        return new TestSandbox(this, info.Id);
    }

    /// <summary>Creates a sandbox with an idempotency key.</summary>
    public async Task<(TestSandbox Sandbox, bool Joined)> CreateAsync(string key, Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var grain = Grains.GetGrain<ICreationGrain>(CreationKey.Of(Tenant, key));
        var creation = await Patience.CallAsync(() => grain.Create(Tenant, Spec(change), TestContext.Current.CancellationToken), evenWithoutCapacity: true);
        return (new TestSandbox(this, creation.Sandbox.Id), creation.Joined);
    }

    /// <summary>What <see cref="CreateAsync(Func{SandboxSpec, SandboxSpec}?)"/> asks for.</summary>
    public static SandboxSpec Spec(Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var none = ImmutableSortedDictionary<string, string>.Empty;
        var spec = new SandboxSpec("default", TimeSpan.FromHours(24), TimeSpan.FromHours(2), null, null, false, none, none);
        return change?.Invoke(spec) ?? spec;
    }

    /// <summary>A sandbox that was created before.</summary>
    public TestSandbox Sandbox(SandboxId id) => new(this, id);

    /// <summary>The living sandboxes, as a client lists them: every live host is asked.</summary>
    public async Task<IReadOnlyList<SandboxInfo>> ListAsync()
    {
        var filter = new SandboxFilter(null, ImmutableSortedDictionary<string, string>.Empty, 1_000, null, null);
        var answers = await Caller.Services.GetRequiredService<HostDirectory>().AskAsync(host => host.List(Tenant, filter), TestContext.Current.CancellationToken);
        return [.. answers.SelectMany(answer => answer.Answer ?? [])];
    }

    /// <summary>Waits until list, host records, sandbox records, containers and open runs agree.</summary>
    public Task AgreesAsync(TimeSpan? limit = null) => Until.HoldsAsync(() => ClusterTruth.CheckAsync(this), limit);

    /// <summary>Waits until every running worker accepts sandboxes, and the caller knows it.</summary>
    public async Task WaitForHostsAsync()
    {
        var wanted = _workers.Where(worker => worker.IsRunning).Select(worker => worker.Host).Distinct().ToArray();
        await Until.TrueAsync(async () =>
        {
            var loads = await Caller.Services.GetRequiredService<HostDirectory>().AskAsync(host => host.Load(), TestContext.Current.CancellationToken);
            return wanted.All(host => loads.Any(load => load.Host == host && load.Answer is { Slots: > 0, Draining: false }));
        });
        await Until.TrueAsync(() => Candidates == Math.Min(wanted.Length, 3));
    }

    /// <summary>Writes into the membership table that a silo is dead, and has the others read it.</summary>
    public async Task DeclareDeadAsync(TestSilo silo)
    {
        if (_frontends.Concat(_workers).Where(other => other.IsRunning).ToArray() is not { Length: > 0 } others) return;
        var table = others[0].Services.GetRequiredService<IMembershipTable>();
        await Until.TrueAsync(async () =>
        {
            var data = await table.ReadAllAsync(CancellationToken.None);
            if (data.Members.FirstOrDefault(member => member.Item1.SiloAddress.Equals(silo.Address)) is not { } row) return true;
            if (row.Item1.Status is SiloStatus.Dead) return true;
            row.Item1.Status = SiloStatus.Dead;
            return await table.UpdateRowAsync(row.Item1, row.Item2, data.Version.Next(), CancellationToken.None);
        });
        await Task.WhenAll(others.Select(async other =>
        {
            await other.Services.GetRequiredService<IClusterMembershipService>().Refresh();
            var oracle = other.Services.GetRequiredService<ISiloStatusOracle>();
            await Until.TrueAsync(() => oracle.GetApproximateSiloStatus(silo.Address) is SiloStatus.Dead or SiloStatus.None);
        }));
    }

    public async ValueTask DisposeAsync()
    {
        // Shown for tests that fail.
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', Logs.Lines.TakeLast(ShownLines)));
        if (!await ClusterReset.TryAsync(this))
        {
            await EndAsync();
            return;
        }

        StopKilled();
        ClusterPool.Return(this);
    }

    /// <summary>Ends all silos and containers.</summary>
    internal async Task EndAsync()
    {
        Storage.EndFaults();
        Log.EndFaults();
        Usage.EndFaults();
        Feed.EndFaults();
        Audit.EndFaults();
        foreach (var worker in _workers) worker.Engine.EndFaults();
        foreach (var silo in _frontends.Concat(_workers).Where(silo => silo.IsRunning).ToArray()) await silo.KillAsync(detected: false);
        StopKilled();
        foreach (var worker in _workers) await worker.Engine.DisposeAsync();
        await _cluster.DisposeAsync();
        Log.Dispose();
        Usage.Dispose();
        Clock.Dispose();
        await Until.TrueAsync(() => TryDelete(Folder));
    }

    // What the last silo removes or writes meanwhile is met here.
    private static bool TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return !Directory.Exists(folder);
        }
    }

    internal async Task<InProcessSiloHandle> LaunchAsync(Machine? machine, SiloComposition composition)
    {
        var options = new InProcessTestSiloSpecificOptions
        {
            SiloName = HostSilos.NameOf(machine is null ? "frontend" : "worker", machine?.Host),
            SiloPort = machine?.SiloPort ?? ++_ports,
            GatewayPort = machine?.GatewayPort ?? ++_ports,
        };
        _compositions[options] = composition;
        return await _cluster.CreateSiloAsync(options);
    }

    // A killed silo stays as it is until the test ends: stopping it would let it do what a dead process cannot.
    internal void DisposeLater(InProcessSiloHandle silo, Power power) => _killed.Add((silo, power));

    // Orleans takes seconds to stop a silo that reaches nobody; the next test does not wait for that.
    private void StopKilled()
    {
        foreach (var (silo, power) in _killed) _ = StopAsync(silo, power);
        _killed.Clear();
    }

    private static async Task StopAsync(InProcessSiloHandle silo, Power power)
    {
        try
        {
            power.End();
            await silo.SiloHost.StopAsync(new CancellationToken(canceled: true));
            await SiloDirectory.StopAsync(silo.SiloHost.Services);
            await silo.DisposeAsync();
        }
        catch (Exception)
        {
            // It was killed: its stop reaches nothing, and tells nothing.
        }
    }
}
