using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Egress;
using Podflare.EgressProxy.Sandboxes;

namespace Podflare.Containers;

/// <summary>Containers on a Docker engine, by its API. Every call has a time limit.</summary>
public sealed partial class DockerRuntime : IContainerRuntime, IDisposable
{
    private const int RemoveAttempts = 3;

    private readonly HostIdentity _owner;
    private readonly RunFolder _folder;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<DockerRuntime> _logger;
    private readonly EgressNetwork _egress;
    private readonly ContainerIsolation _isolation;
    private readonly DockerClient _docker;
    private readonly ContainerLists _lists;
    private readonly MemoryDeaths _memoryDeaths;

    public DockerRuntime(
        HostIdentity owner, RunFolder folder, IOptions<EngineOptions> options, IOptions<IsolationOptions> isolation, EgressNetwork egress, TimeProvider time,
        ILogger<DockerRuntime> logger)
    {
        (_owner, _folder, _options, _egress, _time, _logger) = (owner, folder, options.Value, egress, time, logger);
        _isolation = ContainerIsolation.From(isolation.Value);
        _docker = EngineClient.Create(_options);
        _lists = new ContainerLists(_docker, owner, _options, time);
        _memoryDeaths = new MemoryDeaths(_docker, _options, time);
    }

    /// <inheritdoc/>
    public async Task<string> StartAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(spec.User);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (spec.Egress is not EgressKind.None) await PrepareEgressAsync(spec.Egress, cancellationToken);
            var id = await CreateAsync(spec);
            cancellationToken.ThrowIfCancellationRequested();
            using var limit = Limit(_options.StartSeconds, cancellationToken);
            await _docker.Containers.StartContainerAsync(id, new ContainerStartParameters(), limit.Token);
            LogStarted(spec.Sandbox, id);
            return id;
        }
        catch (Exception e)
        {
            LogStartFailed(e, spec.Sandbox, spec.Template);
            await RemoveLeftoverAsync(spec);
            cancellationToken.ThrowIfCancellationRequested();
            if (StartRefusal.Of(e, spec) is { } refusal) throw refusal;
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<string?> FindImageAsync(string image, CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.ListSeconds, cancellationToken);
        try
        {
            return (await _docker.Images.InspectImageAsync(image, limit.Token)).ID;
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string containerId, CancellationToken cancellationToken)
    {
        // Before the engine may give the address to another container.
        await _egress.Proxy.ForgetAsync(containerId);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var limit = Limit(_options.RemoveSeconds, cancellationToken);
                await _docker.Containers.RemoveContainerAsync(
                    containerId, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, limit.Token);
                return;
            }
            catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
            {
                // Gone, or another removal of it is under way.
                return;
            }
            catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
            {
                LogRemoveFailed(e, containerId, attempt);
                if (attempt == RemoveAttempts) throw new ContainerRemoveException(containerId, e);
            }

            await Task.Delay(TimeSpan.FromSeconds(_options.RemovePauseSeconds), _time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task SetCpuPriorityAsync(string containerId, double cpus, bool low, CancellationToken cancellationToken)
    {
        if (CgroupCpuWeight.TryWrite(containerId, ContainerSettings.Shares(cpus, low))) return;
        using var limit = Limit(_options.StartSeconds, cancellationToken);
        try
        {
            var update = new ContainerUpdateParameters { CPUShares = ContainerSettings.Shares(cpus, low) };
            await _docker.Containers.UpdateContainerAsync(containerId, update, limit.Token);
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("the CPU weight of a container could not be changed", e);
        }
    }

    /// <inheritdoc/>
    public async Task ResizeAsync(string containerId, ContainerSpec shape, CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.StartSeconds, cancellationToken);
        try
        {
            var process = (await _docker.Containers.InspectContainerAsync(containerId, limit.Token)).State?.Pid ?? 0;
            foreach (var (path, bytes, inodes) in ContainerSettings.FileSystems(shape))
            {
                if (!TmpfsSize.TrySet(process, path, bytes, inodes)) throw new ContainerEngineException($"the size of {path} of a container could not be changed", new IOException("fsconfig"));
            }

            await _docker.Containers.UpdateContainerAsync(containerId, ContainerSettings.Update(shape), limit.Token);
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("the limits of a container could not be changed", e);
        }
    }

    /// <inheritdoc/>
    public async Task AllowHostsAsync(string containerId, SandboxAccess access, CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.StartSeconds, cancellationToken);
        try
        {
            await _egress.AllowAsync(containerId, access, _docker, limit.Token);
        }
        catch (Exception e) when ((e is EgressException || EngineTrouble.Is(e)) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("the hosts of a container could not be allowed", e);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostContainer>> ListAsync(CancellationToken cancellationToken) => _lists.ListAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TakenUser>> ListUsersAsync(CancellationToken cancellationToken) => _lists.ListUsersAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> IsPausedAsync(string containerId, CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.ListSeconds, cancellationToken);
        try
        {
            return (await _docker.Containers.InspectContainerAsync(containerId, limit.Token)).State is { Paused: true };
        }
        catch (DockerContainerNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("the state of a container could not be read", e);
        }
    }

    /// <inheritdoc/>
    public Task<bool> WasKilledForMemoryAsync(string containerId, CancellationToken cancellationToken) => _memoryDeaths.WasKilledForMemoryAsync(containerId, cancellationToken);

    /// <inheritdoc/>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.ListSeconds, cancellationToken);
        try
        {
            await _docker.System.PingAsync(limit.Token);
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("the engine does not answer", e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ContainerDeath> WatchDeathsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var deaths = Channel.CreateBounded<ContainerDeath>(new BoundedChannelOptions(_options.MaxPendingDeaths) { SingleReader = true });
        var watching = WatchAsync(deaths.Writer, stop.Token);
        try
        {
            await foreach (var death in deaths.Reader.ReadAllAsync(cancellationToken))
            {
                // Its address is free from now on.
                await _egress.Proxy.ForgetAsync(death.ContainerId);
                yield return death;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await watching;
        }
    }

    public void Dispose() => _docker.Dispose();

    private async Task PrepareEgressAsync(EgressKind kind, CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.StartSeconds, cancellationToken);
        await _egress.EnsureAsync(kind, _docker, limit.Token);
    }

    // Without the caller's token: a create that is abandoned may still happen, after our removal has found nothing.
    private async Task<string> CreateAsync(ContainerSpec spec)
    {
        using var limit = Limit(_options.StartSeconds, CancellationToken.None);
        var created = await _docker.Containers.CreateContainerAsync(ContainerSettings.Of(spec, _owner, _folder, _egress, _isolation), limit.Token);
        return created.ID;
    }

    // By name, because an answer that was lost held the id. The caller may be gone; this must still run, but not keep him for long.
    private async Task RemoveLeftoverAsync(ContainerSpec spec)
    {
        using var limit = Limit(_options.RemoveSeconds, CancellationToken.None);
        try
        {
            await RemoveAsync(ContainerSettings.NameOf(spec.Sandbox), limit.Token);
        }
        catch (Exception e) when (e is ContainerRemoveException or OperationCanceledException)
        {
            LogLeftover(e, spec.Sandbox);
        }
    }

    private async Task WatchAsync(ChannelWriter<ContainerDeath> deaths, CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["type"] = new Dictionary<string, bool> { ["container"] = true },
            ["event"] = new Dictionary<string, bool> { ["die"] = true },
            ["label"] = ContainerLabels.FilterOf(_owner),
        };
        try
        {
            await _docker.System.MonitorEventsAsync(new ContainerEventsParameters { Filters = filters }, new DeathReport(deaths), cancellationToken);
        }
        catch (Exception e) when (EngineTrouble.Is(e))
        {
            if (!cancellationToken.IsCancellationRequested) LogWatchBroken(e);
        }
        finally
        {
            deaths.TryComplete();
        }
    }

    private EngineLimit Limit(double seconds, CancellationToken cancellationToken) => new(TimeSpan.FromSeconds(seconds), _time, cancellationToken);

    private sealed class DeathReport(ChannelWriter<ContainerDeath> deaths) : IProgress<Message>
    {
        public void Report(Message value)
        {
            if (value.Actor?.Attributes is not { } labels || !ContainerLabels.TryRead(labels, out var sandbox, out _)) return;
            // A reader that is too far behind lists anew: it must not take this for everything.
            if (!deaths.TryWrite(new ContainerDeath(value.Actor.ID, sandbox))) deaths.TryComplete();
        }
    }
}
