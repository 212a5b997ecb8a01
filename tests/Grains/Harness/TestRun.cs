using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.Harness;

/// <summary>A run of a <see cref="TestSandbox"/>.</summary>
public sealed class TestRun(GrainCluster cluster, TestSandbox sandbox, RunId id)
{
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(20);

    public RunId Id => id;

    public TestSandbox Sandbox => sandbox;

    /// <summary>Whether its start joined an earlier one.</summary>
    public bool Joined { get; init; }

    public Task<RunInfo> GetAsync() => Patience.CallAsync(() => sandbox.Grain.GetRun(GrainCluster.Tenant, id));

    public Task InterruptAsync() => Patience.CallAsync(() => sandbox.Grain.Interrupt(GrainCluster.Tenant, id, TestContext.Current.CancellationToken));

    /// <summary>Reads the run's stream as a frontend does, up to its exit.</summary>
    /// <param name="after">The <c>seq</c> after which to read.</param>
    /// <exception cref="TimeoutException">There was no exit within the limit of real time; the text has what there was.</exception>
    public async Task<RunOutcome> ReadToEndAsync(long after = 0, TimeSpan? limit = null)
    {
        List<RunLine> lines = [];
        await ReadAsync(after, lines, _ => false, limit ?? ReadLimit);
        return new RunOutcome(lines);
    }

    /// <summary>Reads until a number of events is there.</summary>
    public async Task<IReadOnlyList<RunLine>> ReadAsync(int count, long after = 0)
    {
        List<RunLine> lines = [];
        await ReadAsync(after, lines, seen => seen.Count >= count, ReadLimit);
        return lines;
    }

    /// <summary>What the log has of it.</summary>
    public async Task<IReadOnlyList<RunLine>> LoggedAsync() => [.. (await cluster.Log.LinesAsync(sandbox.Id, id)).Select(RunLine.Parse)];

    private async Task ReadAsync(long after, List<RunLine> lines, Func<List<RunLine>, bool> enough, TimeSpan limit)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(limit);
        var reader = cluster.Caller.Services.GetRequiredService<RunReader>();
        try
        {
            await foreach (var batch in reader.ReadAsync(GrainCluster.Tenant, sandbox.Id, id, after, expectStart: false, stop.Token))
            {
                lines.AddRange(Encoding.UTF8.GetString(batch.Utf8).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(RunLine.Parse));
                if (enough(lines)) return;
            }
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The reader of {id} still waits. It has seen: {string.Join(' ', lines.Select(line => line.Json))}");
        }
    }
}
