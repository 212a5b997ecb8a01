using System.Diagnostics.CodeAnalysis;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Podflare.Hosting;

/// <summary>
/// Lets every grain activate asynchronously. Orleans holds an activation's lock until the activation first waits for something: two grains of
/// one silo that call each other before that would each wait for the other's lock, for good, and with them all threads that call either of them.
/// </summary>
internal sealed class ActivationYield : IConfigureGrainContextProvider, IConfigureGrainContext
{
    private const string StatelessWorker = "StatelessWorkerPlacement";

    public bool TryGetConfigurator(GrainType grainType, GrainProperties properties, [NotNullWhen(true)] out IConfigureGrainContext? configurator)
    {
        // A stateless worker's context is that of all its activations, and has no life cycle. Its activations are not in the directory.
        var isStateless = properties.Properties.GetValueOrDefault(WellKnownGrainTypeProperties.PlacementStrategy) == StatelessWorker;
        configurator = isStateless ? null : this;
        return !isStateless;
    }

    public void Configure(IGrainContext context) =>
        context.ObservableLifecycle.Subscribe(nameof(ActivationYield), GrainLifecycleStage.First, static async _ => await Task.Yield(), static _ => Task.CompletedTask);
}
