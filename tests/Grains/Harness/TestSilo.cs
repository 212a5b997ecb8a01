using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;
using Podflare.Containers;
using Podflare.Engine;
using Podflare.Guests;

namespace Podflare.Harness;

/// <summary>One process of the cluster, a worker or a frontend. A killed one can be started again on its machine.</summary>
public sealed class TestSilo
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private readonly GrainCluster _cluster;
    private Power _power = null!;
    private SiloNetwork _network = null!;
    private SiloClock _clock = null!;
    private InProcessSiloHandle? _handle;

    internal TestSilo(GrainCluster cluster, Machine? machine) => (_cluster, Machine) = (cluster, machine);

    /// <summary>Null for a frontend, which has no containers.</summary>
    public Machine? Machine { get; }

    /// <summary>The host id of a worker.</summary>
    public string Host => Machine?.Host ?? throw new InvalidOperationException("A frontend has no host id.");

    /// <summary>The container engine of a worker's machine.</summary>
    public ScriptedEngine Engine => Machine?.Engine ?? throw new InvalidOperationException("A frontend has no containers.");

    public SiloAddress Address => Handle.SiloAddress;

    /// <summary>The process runs.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Completes when the process has begun to stop, by itself or not.</summary>
    public Task Stopping { get; private set; } = Task.CompletedTask;

    public IServiceProvider Services => Handle.SiloHost.Services;

    /// <summary>Grains as this process calls them.</summary>
    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    private InProcessSiloHandle Handle => _handle ?? throw new InvalidOperationException("The silo was never started.");

    /// <summary>Sets the wall clock of this process alone forward or back.</summary>
    public void StepWall(TimeSpan by)
    {
        _cluster.KeepFromOtherTests();
        _clock.StepWall(by);
    }

    /// <summary>Ends the process without a warning, as <c>kill -9</c> does.</summary>
    /// <param name="detected">Whether the other silos know at once; else call <see cref="GrainCluster.DeclareDeadAsync"/> when they shall.</param>
    public async Task KillAsync(bool detected = true)
    {
        if (!IsRunning) return;
        await EndProcessAsync();
        if (detected) await _cluster.DeclareDeadAsync(this);
    }

    /// <summary>Stops the process in order, as SIGTERM does.</summary>
    public async Task StopAsync()
    {
        if (!IsRunning) return;
        await Handle.SiloHost.StopAsync(CancellationToken.None).WaitAsync(StopLimit, TimeProvider.System, TestContext.Current.CancellationToken);
        await EndProcessAsync();
    }

    /// <summary>Starts the process anew: the same host id, run folder, engine and ports.</summary>
    public async Task StartAsync()
    {
        if (IsRunning) throw new InvalidOperationException("The silo is running.");
        if (_handle is { } before)
        {
            // A silo's generation is the second of its start.
            await Until.TrueAsync(() => SiloAddress.AllocateNewGeneration() > before.SiloAddress.Generation);
        }

        _power = new Power();
        _network = new SiloNetwork();
        _clock = new SiloClock(_cluster.Clock, _power);
        _handle = await _cluster.LaunchAsync(Machine, new SiloComposition(_cluster, Machine, _power, _network, _clock));
        IsRunning = true;
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        Stopping = stopping.Task;
    }

    /// <summary>Kills the process, if it is running, and starts it anew.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await StartAsync();
    }

    // What the kernel takes back when a process ends: sockets, locks, and whatever it would still have done.
    private async Task EndProcessAsync()
    {
        IsRunning = false;
        _power.Cut();
        await _network.CutAsync();
        if (Machine is not null)
        {
            await Services.GetRequiredService<GuestListener>().DisposeAsync();
            Services.GetRequiredService<RunFolder>().Dispose();
        }

        _cluster.DisposeLater(Handle, _power);
    }
}
