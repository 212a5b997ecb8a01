using Orleans.Runtime;
using Orleans.Storage;
using Podflare.Harness;

namespace Podflare.Stores;

/// <summary>A silo's connection to the grain storage.</summary>
internal sealed class SiloStorage(UnreliableStorage storage, TimeSpan? expiry, Power power) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        power.CallAsync(() => storage.ReadAsync(stateName, grainId, grainState, expiry));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        power.CallAsync(() => storage.WriteAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        power.CallAsync(() => storage.ClearAsync(stateName, grainId, grainState));

    // The Redis storage that this one replaces takes part in the lifecycle.
    public void Participate(ISiloLifecycle lifecycle)
    {
    }
}
