using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Podflare.Hosts;

/// <summary>Puts a grain on the live worker of the host that its key names; where there is none, on any worker.</summary>
[GenerateSerializer, Immutable, Alias("podflare.HostPlacement")]
public sealed class HostPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class HostPlacementAttribute() : PlacementAttribute(new HostPlacement());

/// <summary>The director behind <see cref="HostPlacement"/>.</summary>
public sealed class HostPlacementDirector(HostSilos silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        // The owner is taken from membership alone: what grains a silo has is asked of each silo, and may be known a while later.
        if (silos.FindWorker(HostSilos.HostOf(target.GrainIdentity.Key.ToString()!)) is { } owner) return Task.FromResult(owner);
        var workers = context.GetCompatibleSilos(target).Where(silos.IsWorker).ToArray();
        return workers.Length > 0
            ? Task.FromResult(workers[Random.Shared.Next(workers.Length)])
            : throw new SiloUnavailableException("No worker is in the cluster.");
    }
}
