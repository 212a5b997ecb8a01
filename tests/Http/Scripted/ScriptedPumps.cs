using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>Pushes the events of scripted runs to their readers.</summary>
public sealed class ScriptedPumps(World world, IGrainContext grain) : IRunStreamExtension
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private readonly Dictionary<Guid, CancellationTokenSource> _pumps = [];

    public async Task Subscribe(Guid id, TenantId tenant, RunId run, long afterSeq, bool expectStart, IRunSubscriber subscriber)
    {
        if (!world.Sandboxes.TryGetValue(grain.GrainId.Key.ToString()!, out var sandbox) || sandbox.Info.Tenant != tenant) throw new SandboxNotFoundException();
        await Task.Delay(sandbox.Delay, TimeProvider.System);
        if (sandbox.HasTooManyReaders) throw new TooManyReadersException(256);
        for (var tries = 0; expectStart && tries < 1000 && sandbox.Runs.All(known => known.Id != run); tries++) await Task.Delay(Pause, TimeProvider.System);
        var found = sandbox.Find(run);
        found.Read(afterSeq);
        var stop = _pumps[id] = new CancellationTokenSource();
        _ = Task.Factory.StartNew(() => PumpAsync(sandbox, found, afterSeq, subscriber, stop.Token), stop.Token, TaskCreationOptions.None, TaskScheduler.Current);
    }

    public Task Unsubscribe(Guid id) => _pumps.Remove(id, out var stop) ? stop.CancelAsync() : Task.CompletedTask;

    private static async Task PumpAsync(ScriptedSandboxState sandbox, ScriptedRun run, long after, IRunSubscriber subscriber, CancellationToken stop)
    {
        Interlocked.Increment(ref sandbox.Readers);
        try
        {
            while (true)
            {
                if (run.Read(after) is { } batch)
                {
                    if (!await subscriber.Deliver(batch) || batch.HasExit) return;
                    after = batch.LastSeq;
                }
                else
                {
                    await Task.Delay(Pause, TimeProvider.System, stop);
                }
            }
        }
        catch (InvalidOperationException)
        {
            // The reader comes again and learns why.
            await subscriber.Deliver(EventBatch.Moved);
        }
        finally
        {
            Interlocked.Decrement(ref sandbox.Readers);
        }
    }
}
