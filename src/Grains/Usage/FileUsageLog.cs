using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>
/// The usage log of the embedded process: one file per tenant and day in the folder <c>usage</c> of its run folder. A fold is on the disk when it
/// returns. Where the disk refuses, the totals stay in memory and are written with the next fold, so that a full disk keeps no sandbox from ending.
/// </summary>
/// <remarks>What was folded of a sandbox is known in memory alone: the sandboxes of an embedded process do not outlive it.</remarks>
public sealed partial class FileUsageLog : IUsageLog, IDisposable
{
    private const string DayFormat = "yyyy-MM-dd";

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly UsageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<FileUsageLog> _logger;
    private readonly UsageLedger _ledger = new(RedisUsageLog.ClosedFor, RedisUsageLog.OpenFor);
    private readonly Dictionary<(TenantId Tenant, DateOnly Day), SortedDictionary<string, UsageAmounts>> _days = [];
    private readonly HashSet<(TenantId Tenant, DateOnly Day)> _unwritten = [];
    private readonly SemaphoreSlim _writing = new(1, 1);

    public FileUsageLog(RunFolder folder, IOptions<UsageOptions> options, TimeProvider time, ILogger<FileUsageLog> logger)
        : this(Path.Combine(folder.Path, "usage"), options.Value, time, logger)
    {
    }

    internal FileUsageLog(string folder, UsageOptions options, TimeProvider time, ILogger<FileUsageLog> logger) =>
        (_folder, _options, _time, _logger) = (folder, options, time, logger);

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
            var stored = Directory.Exists(_folder) ? Directory.EnumerateDirectories(_folder).Select(path => Path.GetFileName(path)![1..]) : [];
            IReadOnlyList<TenantId> tenants =
                [.. stored.Concat(_days.Keys.Select(day => day.Tenant.Value)).Distinct().Order(StringComparer.Ordinal).Select(tenant => new TenantId(tenant))];
            return Task.FromResult(tenants);
        }
    }

    public void Dispose() => _writing.Dispose();

    // Those who wait find their totals written by the one before them.
    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            List<(TenantId Tenant, DateOnly Day, byte[] Text)> files = [];
            lock (_lock)
            {
                foreach (var (tenant, day) in _unwritten) files.Add((tenant, day, JsonSerializer.SerializeToUtf8Bytes(_days[(tenant, day)])));
                _unwritten.Clear();
            }

            if (files.Count > 0) await Task.Run(() => Write(files), CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }

    private void Write(List<(TenantId Tenant, DateOnly Day, byte[] Text)> files)
    {
        foreach (var (tenant, day, text) in files)
        {
            try
            {
                Write(PathOf(tenant, day), text);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotWritten(e);
                lock (_lock) _unwritten.Add((tenant, day));
            }
        }

        Forget();
    }

    private static void Write(string path, byte[] text)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            file.Write(text);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Days that are over leave the memory, and after their retention the disk.</summary>
    private void Forget()
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        List<(TenantId Tenant, DateOnly Day)> over;
        lock (_lock)
        {
            over = [.. _days.Keys.Where(key => key.Day < today.AddDays(-1) && !_unwritten.Contains(key))];
            foreach (var key in over) _days.Remove(key);
        }

        if (over.Count == 0) return;
        var oldest = today.AddDays(-_options.RetentionDays).ToString(DayFormat, CultureInfo.InvariantCulture);
        foreach (var file in Directory.EnumerateFiles(_folder, "????-??-??.json", SearchOption.AllDirectories))
        {
            if (string.CompareOrdinal(Path.GetFileNameWithoutExtension(file), oldest) < 0) File.Delete(file);
        }
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
            var path = PathOf(tenant, day);
            var stored = File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, UsageAmounts>>(File.ReadAllBytes(path)) : null;
            return new SortedDictionary<string, UsageAmounts>(stored ?? [], StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotRead(e);
            throw new StorageUnavailableException();
        }
    }

    // A tenant may be called ".."; with a letter in front no name means anything to the file system.
    private string PathOf(TenantId tenant, DateOnly day) => Path.Combine(_folder, $"t{tenant.Value}", $"{day.ToString(DayFormat, CultureInfo.InvariantCulture)}.json");

    [LoggerMessage(LogLevel.Error, "The usage of a day could not be written. It stays in memory and is written again.")]
    private partial void LogNotWritten(Exception exception);

    [LoggerMessage(LogLevel.Error, "The usage of a day could not be read.")]
    private partial void LogNotRead(Exception exception);
}
