using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Hosts;

/// <summary>Compares what the engine lists with the ledger and with what the sandboxes say, and repairs what does not agree.</summary>
/// <remarks>For its grain's scheduler only. One container that cannot be handled never keeps others from being handled.</remarks>
internal sealed partial class HostReconciler(
    ContainerLedger ledger, ContainerPool pool, ContainerRemover remover, RecentEnds ends, HostContainers containers, IGrainFactory grains, HostOptions options,
    TimeProvider time, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RelistPause = TimeSpan.FromSeconds(1);

    // Fewer than this may really go at once, as when an operator removes some.
    private const int MassLoss = 3;

    /// <summary>Adopts what the engine has. Sandboxes that the record names and the engine does not list are left to the first sweep.</summary>
    /// <param name="recorded">The sandboxes of the host's record.</param>
    /// <exception cref="ContainerEngineException">The engine does not answer.</exception>
    public async Task StartAsync(IEnumerable<SandboxId> recorded)
    {
        var listed = await ListAsync();
        foreach (var sandbox in recorded.Where(id => !listed.ContainsKey(id) && !ledger.Contains(id))) ledger.Add(sandbox, ContainerState.Adopting, 0);
        await EachAsync(listed.Values, AdoptAsync);
        RemoveStaleFolders(listed);
    }

    /// <summary>Adopts what is unknown, ends what is gone, ends again what the store may have brought back, and asks every sandbox whether it lives.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer.</exception>
    public async Task SweepAsync()
    {
        var owned = ledger.All.Where(entry => entry.State is ContainerState.Live or ContainerState.Adopting).ToArray();
        var doubtful = ends.TakeDoubtful();
        var listed = await ListAsync();
        remover.RetryFailed();

        // The run folder may have been away when a container came into its pool or left it.
        foreach (var entry in ledger.All.Where(entry => entry.State is ContainerState.Parked or ContainerState.Live)) containers.MarkParked(entry.Sandbox, entry.State is ContainerState.Parked);
        await EachAsync(listed.Values, AdoptAsync);
        await EachAsync(owned.Where(entry => listed.ContainsKey(entry.Sandbox)), entry => ConfirmAsync(entry, listed[entry.Sandbox]));
        await EachAsync(doubtful, EndAgainAsync);
        await EndMissingAsync([.. owned.Where(entry => !listed.ContainsKey(entry.Sandbox))], owned.Length);
        foreach (var dead in listed.Values.Where(container => !container.Running)) pool.Drop(dead.Sandbox);
        RemoveStaleFolders(listed);
    }

    /// <summary>The engine reports that a container has died.</summary>
    public void OnDied(ContainerDeath death)
    {
        if (ledger.Find(death.Sandbox) is { State: ContainerState.Live } entry) Background.Run(logger, "declare lost", DeclareLostAsync(entry, isListed: true));
        else pool.Drop(death.Sandbox);
    }

    private async Task<Dictionary<SandboxId, HostContainer>> ListAsync()
    {
        var listed = new Dictionary<SandboxId, HostContainer>();
        foreach (var container in await containers.ListAsync(stopping)) listed.TryAdd(container.Sandbox, container);
        return listed;
    }

    // What the ledger does not know may belong to a sandbox of an earlier process, or to nobody.
    private async Task AdoptAsync(HostContainer container)
    {
        var entry = ledger.Find(container.Sandbox);
        if (entry is { MemoryBytes: 0 }) ledger.Resize(entry, container.MemoryBytes);
        if (entry is not null && (entry.State is not ContainerState.Adopting || entry.InProgress)) return;

        // An earlier activation on this host is starting it. It gives it to its claim or removes it; what it leaves, the next sweep finds.
        if (entry is null && containers.IsStarting(container.Sandbox)) return;
        entry ??= ledger.Add(container.Sandbox, ContainerState.Adopting, container.MemoryBytes);
        (entry.ContainerId, entry.InProgress, entry.MissingSince) = (container.Id, true, null);
        try
        {
            var adopted = await AskUntilAnsweredAsync(container);
            if (entry.State is not (ContainerState.Adopting or ContainerState.Live)) return;
            if (adopted is null) RemoveStray(entry);
            else await KeepAsync(entry, adopted, container);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // It keeps its slot and is asked again at the next sweep.
            LogSetAside(e, container.Sandbox);
            Instruments.AdoptFailed.Add(1);
        }
        finally
        {
            entry.InProgress = false;
        }
    }

    private async Task KeepAsync(ContainerEntry entry, SandboxInfo adopted, HostContainer container)
    {
        if (entry.State is ContainerState.Adopting) ledger.Move(entry, ContainerState.Live);
        entry.Info = adopted;
        // Its label says what it was made with; it may have been given another limit since.
        if (adopted.MemoryMib > 0) ledger.Resize(entry, (long)adopted.MemoryMib << 20);
        if (!container.Running) await DeclareLostAsync(entry, isListed: true);
    }

    private void RemoveStray(ContainerEntry entry)
    {
        LogStrayRemoved(entry.Sandbox);
        Instruments.SweepRemoved.Add(1, new KeyValuePair<string, object?>("reason", "stray"));
        // Not awaited: a worker that comes back with many parked containers takes new sandboxes before the last of them is gone.
        remover.Remove(entry);
    }

    /// <returns>Null when the container is nobody's. Asked again while the sandbox can't read or write its record, up to a limit.</returns>
    private async Task<SandboxInfo?> AskUntilAnsweredAsync(HostContainer container)
    {
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.AdoptSeconds), time, stopping);
        var backoff = new Backoff(FirstPause, LongestPause, time);
        Exception? refusal = null;
        for (var tries = 1; ; tries++)
        {
            try
            {
                containers.EnterTrace(container.Sandbox);
                var adopted = await grains.GetGrain<ISandboxGrain>(container.Sandbox.Value).Adopt(container.Id);
                if (adopted is not null) containers.RecordTrace(adopted.Id, adopted.Tenant.Value, adopted.Trace);
                // Only now, because a process that has just started learns the trace of the sandbox from its answer.
                if (refusal is not null) LogAdoptRepeated(refusal, container.Sandbox, tries);
                return adopted;
            }
            catch (Exception e) when (Transient.IsTransient(e) && !limit.Token.IsCancellationRequested)
            {
                refusal = e;
                await Task.Delay(backoff.Next(), time, stopping);
            }
        }
    }

    /// <summary>
    /// Asks a known sandbox whether it lives. One whose grain was lost with the directory of a silo that died would keep neither its limits
    /// nor its runs' until somebody called it.
    /// </summary>
    private async Task ConfirmAsync(ContainerEntry entry, HostContainer container)
    {
        entry.MissingSince = null;
        if (entry is not { State: ContainerState.Live, ContainerId: { } containerId } || !ledger.Contains(entry.Sandbox)) return;
        if (!container.Running)
        {
            await DeclareLostAsync(entry, isListed: true);
            return;
        }

        containers.EnterTrace(entry.Sandbox);
        var info = await grains.GetGrain<ISandboxGrain>(entry.Sandbox.Value).Adopt(containerId);
        if (entry.State is not ContainerState.Live) return;
        if (info is not null) entry.Info = info;
        else remover.Remove(entry);  // It has ended, and its call to release the container was lost.
    }

    /// <summary>
    /// Ends what two lists in a row do not have, where no guest is connected. When most of a host's containers seem to be gone at once, the
    /// engine's list is doubted for a while: an engine that restarts may list nothing for a moment.
    /// </summary>
    private async Task EndMissingAsync(IReadOnlyList<ContainerEntry> missing, int owned)
    {
        if (missing.Count == 0) return;
        await Task.Delay(RelistPause, time, stopping);
        var again = await ListAsync();
        ContainerEntry[] gone =
        [
            .. missing.Where(entry => ledger.Find(entry.Sandbox) == entry && entry.State is ContainerState.Live or ContainerState.Adopting
                && !again.ContainsKey(entry.Sandbox) && !containers.IsConnected(entry.Sandbox)),
        ];
        foreach (var entry in gone) entry.MissingSince ??= time.GetTimestamp();
        if (gone.Length >= MassLoss && gone.Length * 2 > owned)
        {
            LogMassLoss(gone.Length, owned);
            Instruments.MassLoss.Add(1);
            gone = [.. gone.Where(entry => time.GetElapsedTime(entry.MissingSince!.Value) >= TimeSpan.FromSeconds(options.MassLossSeconds))];
        }

        await EachAsync(gone, entry => DeclareLostAsync(entry, isListed: false));
    }

    /// <summary>Ends a sandbox that ended before, where the store has lost that.</summary>
    private async Task EndAgainAsync(SandboxId sandbox)
    {
        if (ledger.Find(sandbox) is not { State: ContainerState.Live or ContainerState.Adopting })
        {
            containers.EnterTrace(sandbox);
            if (await grains.GetGrain<ISandboxGrain>(sandbox.Value).DeclareLost()) Instruments.SweepEnded.Add(1, new KeyValuePair<string, object?>("reason", "container"));
        }

        ends.Confirm(sandbox);
    }

    private async Task DeclareLostAsync(ContainerEntry entry, bool isListed)
    {
        try
        {
            containers.EnterTrace(entry.Sandbox);
            var sandbox = grains.GetGrain<ISandboxGrain>(entry.Sandbox.Value);
            if (await sandbox.DeclareLost()) Instruments.SweepEnded.Add(1, new KeyValuePair<string, object?>("reason", "container"));

            // Its end releases the container. Where it had ended before, and that call was lost, nobody else takes it off the list.
            if (ledger.Find(entry.Sandbox) != entry || entry.State is not (ContainerState.Live or ContainerState.Adopting)) return;
            if (entry.ContainerId is { } container && await sandbox.Adopt(container) is not null) return;
            if (ledger.Find(entry.Sandbox) != entry || entry.State is ContainerState.Removing) return;
            if (isListed) remover.Remove(entry);
            else ledger.Remove(entry);
        }
        catch (Exception e) when (Transient.IsTransient(e))
        {
            // It continues by itself, or the next sweep asks again.
            LogLostRepeated(e, entry.Sandbox);
        }
    }

    private void RemoveStaleFolders(IReadOnlyDictionary<SandboxId, HostContainer> listed)
    {
        var removed = containers.RemoveStaleFolders(listed.Keys.ToHashSet());
        if (removed > 0) Instruments.SweepRemoved.Add(removed, new KeyValuePair<string, object?>("reason", "folder"));
    }

    private async Task EachAsync<T>(IEnumerable<T> items, Func<T, Task> act)
    {
        using var gate = new SemaphoreSlim(options.ConcurrentRemovals);
        await Task.WhenAll(items.ToArray().Select(async item =>
        {
            await gate.WaitAsync(stopping);
            try
            {
                await act(item);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                if (!Transient.IsTransient(e)) Instruments.SweepFailed.Add(1);
                LogItemFailed(e);
            }
            finally
            {
                gate.Release();
            }
        }));
    }
}
