using Orleans.Metadata;
using Orleans.Runtime;
using Podflare.Http;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>A run that was accepted, and the reader that has been waiting for it meanwhile.</summary>
internal sealed record StartedRun(RunAccepted Accepted, PrefetchingRunReader Feed);

/// <summary>Starts a run and reads it at the same time.</summary>
internal sealed class RunStarter(IGrainFactory grains, GrainInterfaceTypeResolver interfaces, RunReader reader)
{
    // By type, GetGrain looks both up by reflection each time: a thirtieth of a short run.
    private readonly Lazy<(GrainType Grain, GrainInterfaceType Interface)> _sandbox = new(() =>
        (grains.GetGrain<ISandboxGrain>("any").GetGrainId().Type, interfaces.GetGrainInterfaceType(typeof(ISandboxGrain))));

    public async Task<StartedRun> StartAsync(TenantId tenant, SandboxId id, RunId run, RunRequest request, Deadline deadline)
    {
        var sandbox = (ISandboxGrain)grains.GetGrain(GrainId.Create(_sandbox.Value.Grain, IdSpan.Create(id.Value)), _sandbox.Value.Interface);
        // First in the grain's queue, so that the subscription finds the run.
        var starting = GrainCallRetry.RetryUntilAsync(token => sandbox.StartRun(tenant, run, request, token), deadline);
        var feed = Open(expectStart: true);
        try
        {
            var accepted = await starting;
            // The events of a run from earlier may be gone, and that must be told before the first byte.
            if (accepted.Joined) await GrainCallRetry.RetryUntilAsync(token => sandbox.ReadEvents(tenant, run, 0, token), deadline);
            if (feed.Next.IsFaulted)
            {
                await feed.DisposeAsync();
                feed = Open(expectStart: false);
            }

            return new StartedRun(accepted, feed);
        }
        catch
        {
            await feed.DisposeAsync();
            throw;
        }

        PrefetchingRunReader Open(bool expectStart) => PrefetchingRunReader.Open(reader, tenant, id, run, after: 0, expectStart, deadline.ClientLeft);
    }
}
