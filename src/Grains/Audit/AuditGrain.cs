using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Hosts;
using Podflare.Resilience;
using Podflare.Telemetry;

namespace Podflare.Audit;

/// <inheritdoc cref="IAuditGrain"/>
/// <remarks>Entries are gathered for a moment and written together. Two activations can exist for seconds: the log's fence decides.</remarks>
[GrainType("audit"), HostPlacement]
public sealed partial class AuditGrain(IGrainContext context, IAuditLog log, IOptions<AuditOptions> options, TimeProvider time, ILogger<AuditGrain> logger) : Grain, IAuditGrain
{
    private const int MaxBatch = 256;
    private const int MaxFenced = 4;
    private const int EntriesPerRead = 500;

    // Where a filter fits few entries, a page may be short, and the next one continues.
    private const int MaxReadPerPage = 5_000;

    private readonly string _name = context.GrainId.Key.ToString()!;
    private readonly Queue<Waiting> _waiting = new();
    private AuditLink? _head;
    private int _waitingEntries;
    private bool _isWriting;

    public async Task Append(ImmutableArray<AuditEntry> entries, CancellationToken cancellationToken)
    {
        if (entries.IsDefaultOrEmpty) return;
        if (_waitingEntries + entries.Length > Math.Max(options.Value.MaxWaiting, entries.Length)) throw new StorageUnavailableException();
        var waiting = new Waiting(entries, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.Enqueue(waiting);
        _waitingEntries += entries.Length;
        if (!_isWriting) Background.Run(logger, "audit log", WriteAsync());
        await waiting.Written.Task.WaitAsync(cancellationToken);
    }

    public async Task<AuditPage> Read(AuditFilter filter, CancellationToken cancellationToken)
    {
        var limit = Math.Clamp(filter.Limit, 1, AuditFilter.MaxLimit);
        var (before, read) = (filter.Before ?? long.MaxValue, 0);
        var found = ImmutableArray.CreateBuilder<string>();
        while (true)
        {
            var entries = await log.ReadBeforeAsync(_name, before, EntriesPerRead, cancellationToken);
            foreach (var entry in entries)
            {
                using var json = JsonDocument.Parse(entry);
                before = json.RootElement.GetProperty("seq").GetInt64();
                if (filter.From is { } from && At(json.RootElement) < from) return new AuditPage(found.ToImmutable(), null);
                if (IsWanted(filter, json.RootElement)) found.Add(entry);
                if (found.Count == limit) return new AuditPage(found.ToImmutable(), before > 1 ? before : null);
            }

            read += entries.Count;
            if (entries.Count < EntriesPerRead) return new AuditPage(found.ToImmutable(), null);
            if (read >= MaxReadPerPage) return new AuditPage(found.ToImmutable(), before);
        }
    }

    private async Task WriteAsync()
    {
        _isWriting = true;
        try
        {
            while (_waiting.Count > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(options.Value.BatchMilliseconds), time);
                await WriteBatchAsync(Take());
            }
        }
        finally
        {
            _isWriting = false;
        }
    }

    private List<Waiting> Take()
    {
        List<Waiting> batch = [];
        for (var entries = 0; entries < MaxBatch && _waiting.TryDequeue(out var waiting); entries += waiting.Entries.Length)
        {
            batch.Add(waiting);
            _waitingEntries -= waiting.Entries.Length;
        }

        return batch;
    }

    // The callers repeat what has failed. The ids make that harmless.
    private async Task WriteBatchAsync(List<Waiting> batch)
    {
        try
        {
            await WriteAsync([.. batch.SelectMany(waiting => waiting.Entries).DistinctBy(entry => entry.Id)]);
            foreach (var waiting in batch) waiting.Written.TrySetResult();
        }
        catch (Exception e)
        {
            _head = null;
            foreach (var waiting in batch) waiting.Written.TrySetException(e);
        }
    }

    private async Task WriteAsync(AuditEntry[] entries)
    {
        for (var attempt = 0; attempt < MaxFenced; attempt++)
        {
            var head = _head ??= await log.ReadHeadAsync(_name, CancellationToken.None);
            var known = await log.FindKnownAsync(_name, [.. entries.Select(entry => entry.Id)], CancellationToken.None);
            List<ChainedAuditEntry> chained = [];
            foreach (var entry in entries.Where(entry => !known.Contains(entry.Id)))
                chained.Add(ChainedAuditEntry.After(chained.Count == 0 ? head : chained[^1].Link, entry));
            if (chained.Count == 0) return;
            if (await log.AppendAsync(_name, head, chained, CancellationToken.None))
            {
                _head = chained[^1].Link;
                Instruments.AuditEntries.Add(chained.Count);
                foreach (var entry in chained) LogEntry(entry.Seq, _name, entry.Json);
                return;
            }

            // Another activation has written meanwhile.
            _head = null;
        }

        throw new StorageUnavailableException();
    }

    private static bool IsWanted(AuditFilter filter, JsonElement entry) =>
        (filter.To is not { } to || At(entry) < to)
        && (filter.Action is not { } action || entry.GetProperty("action").GetString() == action)
        && (filter.Actor is not { } actor || entry.GetProperty("actor").GetProperty("id").GetString() == actor);

    private static DateTimeOffset At(JsonElement entry) => entry.GetProperty("at").GetDateTimeOffset();

    // The entry ends the line: `podflare audit verify --log` reads it there.
    [LoggerMessage(LogLevel.Information, "Audit entry {Seq} of {Log}: {Entry}")]
    private partial void LogEntry(long seq, string log, string entry);

    private sealed record Waiting(ImmutableArray<AuditEntry> Entries, TaskCompletionSource Written);
}
