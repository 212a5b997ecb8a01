using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Hosts;
using Podflare.Limits;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Storage;

namespace Podflare.Tenants;

/// <summary>
/// The sandboxes of one tenant and the creates that are under way, against the tenant's limits. What the hosts report decides; what was written lets a
/// new activation count the sandboxes of hosts that do not answer.
/// </summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed partial class TenantReservations(
    TenantId tenant, GrainRecord<ReservationRecord> record, HostDirectory hosts, ITenantLimits limits, Func<IGrainFactory> grains, QuotaOptions options, TimeProvider time,
    ILogger logger)
{
    private const int ParallelCalls = 16;

    // Before a create is refused, the hosts are asked again, but no more often than this.
    private static readonly TimeSpan RecountPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan WritePauseAfterFailure = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, Reservation> _reservations = [];
    private Task? _loading;
    private Task _counting = Task.CompletedTask;
    private long _countedAt;
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isChanged;
    private bool _isWriting;

    /// <summary>What the tenant has, with the creates that are under way.</summary>
    public async Task<TenantUse> CountAsync()
    {
        await LoadAsync();
        RecountIfDue();
        return Use();
    }

    /// <summary>Counts a sandbox that is about to be created. A repeat of the same create counts once.</summary>
    /// <exception cref="SandboxQuotaExceededException">The tenant would have more than it may.</exception>
    public async Task ReserveAsync(string creation, long memoryMib)
    {
        await LoadAsync();
        if (!_reservations.ContainsKey(creation) && Refusal(memoryMib) is not null)
        {
            // The end of a sandbox may not have reached this grain.
            await RecountAsync();
            if (!_reservations.ContainsKey(creation) && Refusal(memoryMib) is { } refusal) throw refusal;
        }

        var known = _reservations.GetValueOrDefault(creation);
        _reservations[creation] = new Reservation(known?.Sandbox, known?.MemoryMib ?? memoryMib, time.GetTimestamp());

        // Before the answer: this process and the host of the sandbox may be one machine, and die together while the container lives on.
        var written = _written.Task;
        MarkChanged();
        await written;
        RecountIfDue();
    }

    /// <summary>The create has made this sandbox; or, with null, its sandbox has ended or was never made.</summary>
    public async Task SettleAsync(string creation, SandboxId? sandbox)
    {
        await LoadAsync();
        if (sandbox is null)
        {
            if (!_reservations.Remove(creation)) return;
        }
        else
        {
            if (!_reservations.TryGetValue(creation, out var known) || known.Sandbox == sandbox) return;
            _reservations[creation] = known with { Sandbox = sandbox };
        }

        MarkChanged();
    }

    private TenantUse Use() => new(_reservations.Count, _reservations.Values.Sum(reservation => reservation.MemoryMib));

    private SandboxQuotaExceededException? Refusal(long memoryMib)
    {
        if (limits.Find(tenant) is not { } most) return null;
        var use = Use();
        if (use.Sandboxes + 1 > most.Sandboxes) return new SandboxQuotaExceededException(SandboxQuota.Sandboxes, most.Sandboxes);
        return use.MemoryMib + memoryMib > most.MemoryMib ? new SandboxQuotaExceededException(SandboxQuota.Memory, most.MemoryMib) : null;
    }

    private Task LoadAsync()
    {
        if (_loading is null or { IsFaulted: true } or { IsCanceled: true }) _loading = LoadOnceAsync();
        return _loading;
    }

    private async Task LoadOnceAsync()
    {
        await record.ReadAsync();
        var now = time.GetTimestamp();
        foreach (var (creation, stored) in record.Value.Creations)
            _reservations.TryAdd(creation, new Reservation(SandboxId.TryParse(stored.Sandbox, null, out var sandbox) ? sandbox : null, stored.MemoryMib, now));
        await CountOnceAsync();
    }

    private void RecountIfDue()
    {
        if (time.GetElapsedTime(_countedAt) < TimeSpan.FromSeconds(options.RecountSeconds) || !_counting.IsCompleted) return;
        using (ExecutionContext.SuppressFlow()) Background.Run(logger, "count of a tenant's sandboxes", _counting = CountOnceAsync());
    }

    private async Task RecountAsync()
    {
        if (_counting.IsCompleted) _counting = RecountSoonAsync();
        await _counting;
    }

    private async Task RecountSoonAsync()
    {
        var pause = RecountPause - time.GetElapsedTime(_countedAt);
        if (pause > TimeSpan.Zero) await Task.Delay(pause, time);
        await CountOnceAsync();
    }

    private async Task CountOnceAsync()
    {
        _countedAt = time.GetTimestamp();
        var answers = await hosts.AskAsync(host => host.Holdings(tenant), CancellationToken.None);
        HashSet<string> found = [];
        HashSet<SandboxId> unidentified = [];
        HashSet<string> answered = [];
        foreach (var (host, answer) in answers)
        {
            if (answer is null) continue;
            answered.Add(host);
            unidentified.UnionWith(answer.Unidentified);
            foreach (var holding in answer.Holdings) found.Add(Take(holding));
        }

        List<(string Creation, SandboxId Sandbox)> away = [];
        foreach (var (creation, reservation) in _reservations.ToArray())
        {
            // A create that began meanwhile had no claim yet when its host was asked.
            if (found.Contains(creation) || reservation.At >= _countedAt) continue;
            if (reservation.Sandbox is not { } sandbox)
            {
                if (time.GetElapsedTime(reservation.At) >= TimeSpan.FromSeconds(options.ReservationSeconds)) Remove(creation);
            }
            else if (!answered.Contains(sandbox.Host)) away.Add((creation, sandbox));
            else if (!unidentified.Contains(sandbox)) Remove(creation);
        }

        foreach (var some in away.Chunk(ParallelCalls)) await Task.WhenAll(some.Select(pair => RemoveIfEndedAsync(pair.Creation, pair.Sandbox)));
        MarkChanged();
    }

    /// <returns>The create that the sandbox or claim belongs to.</returns>
    private string Take(HostHolding holding)
    {
        // A sandbox that an earlier version reported has no create that is known.
        var creation = holding.Creation ?? holding.Sandbox?.Value ?? "";
        if (_reservations.GetValueOrDefault(creation) is { } known) _reservations[creation] = known with { Sandbox = holding.Sandbox ?? known.Sandbox, MemoryMib = holding.MemoryMib };
        else _reservations[creation] = new Reservation(holding.Sandbox, holding.MemoryMib, time.GetTimestamp());
        return creation;
    }

    // The host does not answer: its sandboxes live for its grace time.
    private async Task RemoveIfEndedAsync(string creation, SandboxId sandbox)
    {
        try
        {
            var info = await grains().GetGrain<ISandboxGrain>(sandbox.Value).Get(tenant);
            if (info.State is SandboxState.Ended or SandboxState.Lost) Remove(creation);
        }
        catch (SandboxNotFoundException)
        {
            Remove(creation);
        }
        catch (Exception e)
        {
            // It counts until something says that it has ended.
            LogNotAnswered(e, sandbox);
        }
    }

    private void Remove(string creation)
    {
        if (_reservations.Remove(creation)) _isChanged = true;
    }

    private void MarkChanged()
    {
        _isChanged = true;
        if (_isWriting) return;
        _isWriting = true;
        using (ExecutionContext.SuppressFlow()) Background.Run(logger, "record of a tenant's sandboxes", WriteAsync());
    }

    // One write at a time; what has changed meanwhile is written together.
    private async Task WriteAsync()
    {
        while (_isChanged)
        {
            _isChanged = false;
            var written = _written;
            _written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await WriteOnceAsync();
                written.SetResult();
            }
            catch (Exception e)
            {
                // The caller repeats the call. The reservation counts meanwhile.
                written.SetException(e);
                _ = written.Task.Exception;
                await Task.Delay(WritePauseAfterFailure, time);
                _isChanged = true;
            }
        }

        _isWriting = false;
    }

    private async Task WriteOnceAsync()
    {
        var value = new ReservationRecord
        {
            Creations = _reservations.ToImmutableDictionary(pair => pair.Key, pair => new StoredReservation(pair.Value.Sandbox?.Value, pair.Value.MemoryMib)),
        };
        try
        {
            await record.WriteAsync(value);
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost. What the hosts report decides in the end.
            await record.ReadAsync();
            _isChanged = true;
            throw new StorageUnavailableException();
        }
    }

    [LoggerMessage(LogLevel.Debug, "Whether sandbox {Sandbox} still exists is not known: its host does not answer.")]
    private partial void LogNotAnswered(Exception exception, SandboxId sandbox);

    /// <param name="At">Timestamp of its last reservation.</param>
    private sealed record Reservation(SandboxId? Sandbox, long MemoryMib, long At);
}
