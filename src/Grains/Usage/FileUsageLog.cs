using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Resilience;
using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>
/// The usage log of the embedded process: one file per tenant and day in the folder <c>usage</c> of its run folder. A fold survives this process when it
/// returns, and a loss of power <see cref="UsageOptions.FlushSeconds"/> later. Where the disk refuses, the totals stay in memory and are written with the next
/// fold, so that a full disk keeps no sandbox from ending.
/// </summary>
/// <remarks>What was folded of a sandbox is known in memory alone: the sandboxes of an embedded process do not outlive it.</remarks>
public sealed partial class FileUsageLog : IUsageLog, IDisposable
{
    private readonly Lock _lock = new();
    private readonly UsageFiles _files;
    private readonly UsageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<FileUsageLog> _logger;
    private readonly UsageLedger _ledger = new(RedisUsageLog.ClosedFor, RedisUsageLog.OpenFor);
    private readonly Dictionary<(TenantId Tenant, DateOnly Day), SortedDictionary<string, UsageAmounts>> _days = [];
    private readonly HashSet<(TenantId Tenant, DateOnly Day)> _unwritten = [];
    private readonly HashSet<(TenantId Tenant, DateOnly Day)> _unflushed = [];
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _flushing = new();
    private bool _willFlush;

    public FileUsageLog(RunFolder folder, IOptions<UsageOptions> options, TimeProvider time, ILogger<FileUsageLog> logger)
        : this(Path.Combine(folder.Path, "usage"), options.Value, time, logger)
    {
    }

    internal FileUsageLog(string folder, UsageOptions options, TimeProvider time, ILogger<FileUsageLog> logger) =>
        (_files, _options, _time, _logger) = (new UsageFiles(folder), options, time, logger);

    public async Task FoldAsync(TenantId tenant, UsageFold fold, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var added = _ledger.Fold(fold, _time.GetUtcNow());
            if (added.Count == 0) return;
            var day = Day(tenant, fold.Day);
            foreach (var source in added) day[source.Field] = day.GetValueOrDefault(source.Field) + source.Total;
            _unwritten.Add((tenant, fold.Day));
        }

        await WriteAsync(cancellationToken);
    }

    public Task<IReadOnlyList<UsageRow>> ReadAsync(TenantId tenant, DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        List<UsageRow> rows = [];
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            cancellationToken.ThrowIfCancellationRequested();
            KeyValuePair<string, UsageAmounts>[] totals;
            lock (_lock) totals = [.. _days.GetValueOrDefault((tenant, day)) ?? Load(tenant, day)];
            rows.AddRange(totals.Select(total => new UsageRow(day, UsageSource.KeyOf(total.Key), total.Value)));
        }

        return Task.FromResult<IReadOnlyList<UsageRow>>(rows);
    }

    public Task<IReadOnlyList<TenantId>> ListTenantsAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            IReadOnlyList<TenantId> tenants =
                [.. _files.Tenants.Concat(_days.Keys.Select(day => day.Tenant.Value)).Distinct().Order(StringComparer.Ordinal).Select(tenant => new TenantId(tenant))];
            return Task.FromResult(tenants);
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        Flush();
        _writing.Dispose();
        _stopping.Dispose();
    }

    // Those who wait find their totals written by the one before them.
    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            List<(TenantId Tenant, DateOnly Day, SortedDictionary<string, UsageAmounts> Totals)> files;
            lock (_lock)
            {
                files = [.. _unwritten.Select(key => (key.Tenant, key.Day, new SortedDictionary<string, UsageAmounts>(_days[key], StringComparer.Ordinal)))];
                _unwritten.Clear();
            }

            if (files.Count > 0) await Task.Run(() => Write(files), CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }

    private void Write(List<(TenantId Tenant, DateOnly Day, SortedDictionary<string, UsageAmounts> Totals)> files)
    {
        foreach (var (tenant, day, totals) in files)
        {
            var written = Try(() => _files.Write(tenant, day, totals));
            lock (_lock) (written ? _unflushed : _unwritten).Add((tenant, day));
        }

        Forget();
        lock (_lock)
        {
            if (_unflushed.Count == 0 || _willFlush) return;
            _willFlush = true;
        }

        Background.Run(_logger, "usage flush", FlushLaterAsync());
    }

    private async Task FlushLaterAsync()
    {
        List<(TenantId Tenant, DateOnly Day)> failed = [];
        do
        {
            await Task.Delay(TimeSpan.FromSeconds(_options.FlushSeconds), _time, _stopping.Token).ConfigureAwait(false);
            failed.AddRange(Flush());
        }
        while (!IsFlushed(failed));
    }

    /// <returns>What the disk has refused.</returns>
    private List<(TenantId Tenant, DateOnly Day)> Flush()
    {
        lock (_flushing)
        {
            List<(TenantId Tenant, DateOnly Day)> files;
            lock (_lock)
            {
                files = [.. _unflushed];
                _unflushed.Clear();
            }

            files.RemoveAll(file => Try(() => _files.Flush(file.Tenant, file.Day)));
            return files;
        }
    }

    /// <returns>True when nothing was written since the flush. What has failed is flushed again after the next fold.</returns>
    private bool IsFlushed(List<(TenantId Tenant, DateOnly Day)> failed)
    {
        lock (_lock)
        {
            _willFlush = _unflushed.Count > 0;
            if (!_willFlush) _unflushed.UnionWith(failed);
            return !_willFlush;
        }
    }

    private bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(e);
            return false;
        }
    }

    /// <summary>Days that are over leave the memory, and after their retention the disk.</summary>
    private void Forget()
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        List<(TenantId Tenant, DateOnly Day)> over;
        lock (_lock)
        {
            over = [.. _days.Keys.Where(key => key.Day < today.AddDays(-1) && !_unwritten.Contains(key) && !_unflushed.Contains(key))];
            foreach (var key in over) _days.Remove(key);
        }

        if (over.Count > 0) _files.DeleteBefore(today.AddDays(-_options.RetentionDays));
    }

    private SortedDictionary<string, UsageAmounts> Day(TenantId tenant, DateOnly day)
    {
        if (!_days.TryGetValue((tenant, day), out var totals)) _days[(tenant, day)] = totals = Load(tenant, day);
        return totals;
    }

    private SortedDictionary<string, UsageAmounts> Load(TenantId tenant, DateOnly day)
    {
        try
        {
            return _files.Load(tenant, day);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotRead(e);
            throw new StorageUnavailableException();
        }
    }

    [LoggerMessage(LogLevel.Error, "The usage of a day could not be written. It stays in memory and is written again.")]
    private partial void LogNotWritten(Exception exception);

    [LoggerMessage(LogLevel.Error, "The usage of a day could not be read.")]
    private partial void LogNotRead(Exception exception);
}
