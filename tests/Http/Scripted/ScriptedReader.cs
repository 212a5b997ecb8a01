using System.Runtime.CompilerServices;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>Reads a scripted run by asking again and again.</summary>
internal sealed class ScriptedReader(World world, IGrainFactory grains) : IRunReader
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public async IAsyncEnumerable<EventBatch> ReadAsync(
        TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref world.Readers);
        try
        {
            while (true)
            {
                if (await ReadAsync(tenant, sandbox, run, after, expectStart) is { } batch)
                {
                    yield return batch;
                    if (batch.HasExit) yield break;
                    after = batch.LastSeq;
                }
                else
                {
                    await Task.Delay(Pause, TimeProvider.System, cancellationToken);
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref world.Readers);
        }
    }

    private async Task<EventBatch?> ReadAsync(TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart)
    {
        try
        {
            return await grains.GetGrain<ISandboxGrain>(sandbox.Value).ReadEvents(tenant, run, after);
        }
        catch (RunNotFoundException) when (expectStart)
        {
            return null;
        }
    }
}
