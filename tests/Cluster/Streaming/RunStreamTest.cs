using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Streams;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>A run of a scripted sandbox, and its readers.</summary>
[Collection(RunStreams.Name)]
public abstract class RunStreamTest(StreamFixture fixture)
{
    private protected static readonly TenantId Tenant = TestSandboxGrain.Tenant;
    private protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected StreamFixture Fixture => fixture;

    private protected RunId Run { get; } = RunId.New();

    private protected static IEnumerable<long> Range(long first, long last)
    {
        for (var seq = first; seq <= last; seq++) yield return seq;
    }

    /// <summary>What the lines themselves say, checked against the batch's own numbers.</summary>
    internal static List<long> Seqs(EventBatch batch)
    {
        List<long> seqs = [];
        var start = 0;
        foreach (var end in batch.Ends)
        {
            using var json = JsonDocument.Parse(batch.Utf8.AsMemory(start, end - start));
            seqs.Add(json.RootElement.GetProperty("seq").GetInt64());
            start = end;
        }

        Assert.Equal(Range(batch.FirstSeq, batch.LastSeq), seqs);
        return seqs;
    }

    private protected async Task<List<long>> ReadAllAsync(RunReader reader, SandboxId id, long after, bool expectStart = false, ConcurrentQueue<long>? seen = null)
    {
        List<long> seqs = [];
        await foreach (var batch in reader.ReadAsync(Tenant, id, Run, after, expectStart, Cancel))
        {
            foreach (var seq in Seqs(batch))
            {
                seqs.Add(seq);
                seen?.Enqueue(seq);
            }
        }

        return seqs;
    }

    private protected async Task<EventBatch> FirstAsync(RunReader reader, SandboxId id, long after)
    {
        await foreach (var batch in reader.ReadAsync(Tenant, id, Run, after, false, Cancel)) return batch;
        throw new InvalidOperationException("Nothing was read.");
    }

    private protected static Task NoReaderIsLeftAsync(ITestSandboxGrain grain) => EventuallyAsync(async () => await grain.CountReaders() == 0);

    internal static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var start = Stopwatch.GetTimestamp(); !await condition();)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Soon, "It does not come about.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
        }
    }

    private protected IAsyncStream<EventBatch> Stream(SandboxId id) =>
        Fixture.ClientStreams.GetStream<EventBatch>(StreamId.Create(Tenant.Value, $"{id}/{Run}"));
}
