using System.Diagnostics;
using Orleans.Metadata;
using Orleans.Runtime;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>A run that was accepted, and the reader that subscribed meanwhile.</summary>
internal sealed record StartedRun(RunAccepted Accepted, RunSubscription Events);

/// <summary>Starts a run and subscribes to it at the same time.</summary>
internal sealed class RunStarter(IGrainFactory grains, GrainInterfaceTypeResolver interfaces, RunReader reader)
{
    // GetGrain looks both up by reflection for each call, which takes a thirtieth of a short run.
    private readonly Lazy<(GrainType Grain, GrainInterfaceType Interface)> _sandbox = new(() =>
        (grains.GetGrain<ISandboxGrain>("any").GetGrainId().Type, interfaces.GetGrainInterfaceType(typeof(ISandboxGrain))));

    /// <summary>Starts a run that nobody reads yet.</summary>
    public Task<RunAccepted> StartUnreadAsync(TenantId tenant, SandboxId id, RunId run, RunRequest request, TimeLimit deadline) =>
        AcceptAsync(Of(id), tenant, run, request, deadline);

    public async Task<StartedRun> StartAsync(TenantId tenant, SandboxId id, RunId run, RunRequest request, TimeLimit deadline)
    {
        var sandbox = Of(id);
        // The start is first in the grain's queue, so the subscription finds the run.
        var starting = AcceptAsync(sandbox, tenant, run, request, deadline);
        var events = Open(expectStart: true);
        try
        {
            var accepted = await starting;
            // The events of an earlier run may be gone, which has to be reported before the first byte.
            if (accepted.Joined) await GrainCallRetry.RetryUntilAsync(token => sandbox.ReadEvents(tenant, run, 0, token), deadline);
            if (events.HasFailed)
            {
                await events.DisposeAsync();
                events = Open(expectStart: false);
            }

            return new StartedRun(accepted, events);
        }
        catch
        {
            await events.DisposeAsync();
            throw;
        }

        // The run may be accepted by the time its reader is refused. A client that was refused then would run its code a second time.
        RunSubscription Open(bool expectStart) => reader.Open(tenant, id, run, after: 0, expectStart, pollWhenFull: starting, deadline.Caller);
    }

    private static async Task<RunAccepted> AcceptAsync(ISandboxGrain sandbox, TenantId tenant, RunId run, RunRequest request, TimeLimit deadline)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var starting = GrainCallRetry.RetryUntilAsync(token => sandbox.StartRun(tenant, run, request, token), deadline);
            var accepted = await (request.Watch is { } watch ? WatchRefusals.NameAsync(starting, watch.Path) : starting);
            Instruments.RunAccept.Record(Stopwatch.GetElapsedTime(began).TotalSeconds);
            return accepted;
        }
        // Neither a caller that has left nor a request that the sandbox's guest is too old for is a fault of the service.
        catch (Exception e) when (!deadline.Caller.IsCancellationRequested && ExceptionMapper.ToProblem(e) is { Status: 500 or 503 } problem)
        {
            Instruments.RunAccept.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, new KeyValuePair<string, object?>("error.type", problem.Code));
            throw;
        }
    }

    private ISandboxGrain Of(SandboxId id) => (ISandboxGrain)grains.GetGrain(GrainId.Create(_sandbox.Value.Grain, IdSpan.Create(id.Value)), _sandbox.Value.Interface);
}
