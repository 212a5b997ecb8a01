using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Hosts;

/// <summary>The containers of this process's host, with their guests' sockets: starts, lists and removes them, and reports their deaths.</summary>
/// <remarks>It keeps no account of them, but of starts in progress; <see cref="ContainerLedger"/> does. Thread-safe.</remarks>
public sealed partial class HostContainers(
    IContainerRuntime runtime,
    GuestListener guests,
    RunFolder folder,
    SandboxUsers users,
    GuestCompiler compiler,
    IGrainFactory grains,
    IOptions<HostOptions> options,
    SandboxTraces traces,
    TimeProvider time,
    ILogger<HostContainers> logger)
{
    // They outlive the activation of the host grain that has begun them.
    private readonly ConcurrentDictionary<SandboxId, bool> _starting = [];

    /// <summary>This process is starting the container of this sandbox.</summary>
    internal bool IsStarting(SandboxId sandbox) => _starting.ContainsKey(sandbox);

    /// <summary>Starts a container and waits for its guest, both within limits. On failure nothing is left.</summary>
    /// <param name="trace">The trace of the claim that it is started for; null for a pool.</param>
    /// <exception cref="ContainerStartException">The engine, the image or this host refused.</exception>
    internal async Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace)
    {
        RecordTrace(spec.Sandbox, trace?.Tenant, trace?.Binding);
        using var span = trace is { Span: var parent } && parent != default ? Spans.Source.StartActivity(Spans.ContainerCreate, ActivityKind.Client, parent) : null;
        span?.SetTag(Spans.SandboxId, spec.Sandbox.Value).SetTag(Spans.ContainerImageName, spec.Image).SetTag(Spans.ContainerRuntime, "docker");
        var start = time.GetTimestamp();
        string? container = null;
        _starting[spec.Sandbox] = true;
        try
        {
            var guest = await compiler.FindFolderAsync(spec, ProbeAsync);
            var port = guests.Open(spec.Sandbox);
            container = await runtime.StartAsync(spec with { User = users.Take(spec.Sandbox, spec.Home), Guest = guest }, CancellationToken.None);

            // Beside the guest's start, and behind an await, where no caller's context is.
            Background.Run(logger, "prepare", grains.GetGrain<ISandboxGrain>(spec.Sandbox.Value).Prepare());
            var hello = await WaitReadyAsync(port);
            span?.SetTag(Spans.ContainerId, container);
            LogStarted(spec.Sandbox, time.GetElapsedTime(start).TotalMilliseconds);
            return new LeasedContainer(container, hello.Boot);
        }
        catch (Exception e)
        {
            span.Fail(e);
            if (container is not null) await TryRemoveAsync(spec.Sandbox, container);
            else await CloseSocketAsync(spec.Sandbox);
            if (e is ContainerStartException) throw;

            // A run folder that cannot be written, an engine that answers nonsense: whatever it is, another host may do better.
            LogStartFailed(e, spec.Sandbox);
            throw new ContainerStartException("this host could not start a sandbox", retry: true);
        }
        finally
        {
            _starting.TryRemove(spec.Sandbox, out _);
            users.EndStart(spec.Sandbox);
        }
    }

    /// <summary>Starts a container that is no sandbox but reports something, and removes it.</summary>
    /// <returns>What it has reported.</returns>
    /// <exception cref="ContainerStartException">The engine, the image or this host refused, or nothing was reported in time.</exception>
    internal async Task<GuestHello> ProbeAsync(ContainerSpec spec)
    {
        string? container = null;
        _starting[spec.Sandbox] = true;
        try
        {
            var port = guests.Open(spec.Sandbox);
            container = await runtime.StartAsync(spec with { User = users.Take(spec.Sandbox, spec.Home) }, CancellationToken.None);
            return await WaitReadyAsync(port);
        }
        finally
        {
            // It ends when its connection does. A host that is just starting hears of no deaths yet, and must not wait for one.
            await CloseSocketAsync(spec.Sandbox, asksForExit: false);
            if (container is not null) await TryRemoveAsync(spec.Sandbox, container);
            _starting.TryRemove(spec.Sandbox, out _);
            users.EndStart(spec.Sandbox);
        }
    }

    /// <inheritdoc cref="IContainerRuntime.ResizeAsync"/>
    public Task ResizeAsync(string containerId, ContainerSpec shape) => runtime.ResizeAsync(containerId, shape, CancellationToken.None);

    /// <summary>Removes a container, its guest's socket and its folder.</summary>
    /// <returns>False when the engine could not remove it: to be tried again.</returns>
    public async Task<bool> TryRemoveAsync(SandboxId sandbox, string containerId)
    {
        await CloseSocketAsync(sandbox);
        await guests.WaitForExitAsync(sandbox);
        try
        {
            await runtime.RemoveAsync(containerId, CancellationToken.None);
            users.Release(sandbox);
            return true;
        }
        catch (Exception e)
        {
            LogRemoveFailed(e, containerId);
            return false;
        }
    }

    /// <inheritdoc cref="IContainerRuntime.ListAsync"/>
    public async Task<IReadOnlyList<HostContainer>> ListAsync(CancellationToken cancellationToken)
    {
        var settled = users.Settled();
        var listed = await runtime.ListAsync(cancellationToken);
        users.Reconcile(settled, listed);
        return listed;
    }

    /// <inheritdoc cref="IContainerRuntime.WatchDeathsAsync"/>
    public async IAsyncEnumerable<ContainerDeath> WatchDeathsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var death in runtime.WatchDeathsAsync(cancellationToken))
        {
            guests.RecordDeath(death.Sandbox);
            yield return death;
        }
    }

    /// <inheritdoc cref="IContainerRuntime.PingAsync"/>
    public Task PingAsync(CancellationToken cancellationToken) => runtime.PingAsync(cancellationToken);

    /// <inheritdoc cref="RunFolder.CheckUsable"/>
    public void CheckRunFolder() => folder.CheckUsable();

    /// <summary>Bytes that are free on the run folder's file system.</summary>
    public long FreeBytes() => folder.FreeBytes();

    /// <summary>The container's guest is connected.</summary>
    public bool IsConnected(SandboxId sandbox) => guests.Find(sandbox) is { Connected: true };

    /// <summary>Shows in the run folder, for an operator, whether a container is parked.</summary>
    public void MarkParked(SandboxId sandbox, bool parked)
    {
        var mark = folder.ParkedMark(sandbox);
        try
        {
            if (!parked) File.Delete(mark);
            else if (!File.Exists(mark)) File.WriteAllBytes(mark, []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It only informs.
            LogMarkFailed(e, sandbox);
        }
    }

    /// <summary>Removes the socket folders that belong to no container and to no sandbox of this process. One that cannot be removed is tried again the next time.</summary>
    /// <returns>How many were removed.</returns>
    public int RemoveStaleFolders(IReadOnlySet<SandboxId> found)
    {
        users.RemoveStaleFiles();
        var living = found.Select(id => id.Tail).ToHashSet();
        var removed = 0;
        foreach (var tail in guests.ListTails().Where(tail => !living.Contains(tail)))
        {
            try
            {
                if (guests.RemoveStale(tail)) removed++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogFolderNotRemoved(e, tail);
            }
        }

        return removed;
    }

    /// <summary>All log lines about this sandbox belong to this trace.</summary>
    public void RecordTrace(SandboxId sandbox, string? tenant, TraceBinding? trace) => traces.Note(sandbox, tenant, trace);

    /// <summary>Makes the sandbox's trace the one of the calls that follow, if it is known.</summary>
    public void EnterTrace(SandboxId sandbox)
    {
        if (traces.FindSandbox(sandbox.Value)?.Trace is { } trace) CallContext.Set(trace.TraceParent, trace);
    }

    private async Task<GuestHello> WaitReadyAsync(GuestPort port)
    {
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.ReadySeconds), time);
        try
        {
            return await port.WaitReadyAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new ContainerStartException("the sandbox did not become ready in time", retry: true);
        }
    }

    private async Task CloseSocketAsync(SandboxId sandbox, bool asksForExit = true)
    {
        try
        {
            await (asksForExit ? guests.EndAsync(sandbox) : guests.CloseAsync(sandbox));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The connection is closed; the sweep removes the folder.
            LogFolderNotRemoved(e, sandbox.Tail);
        }
    }

    [LoggerMessage(LogLevel.Information, "Started the container of sandbox {Sandbox} in {Milliseconds:0} ms.")]
    private partial void LogStarted(SandboxId sandbox, double milliseconds);

    [LoggerMessage(LogLevel.Error, "The container of sandbox {Sandbox} could not be started.")]
    private partial void LogStartFailed(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Container {Container} could not be removed; the next sweep tries again.")]
    private partial void LogRemoveFailed(Exception exception, string container);

    [LoggerMessage(LogLevel.Warning, "The file that shows whether sandbox {Sandbox} is parked could not be changed.")]
    private partial void LogMarkFailed(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Socket folder {Folder} could not be removed; the next sweep tries again.")]
    private partial void LogFolderNotRemoved(Exception exception, string folder);
}
