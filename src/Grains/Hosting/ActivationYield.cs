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
    public bool TryGetConfigurator(GrainType grainType, GrainProperties properties, [NotNullWhen(true)] out IConfigureGrainContext? configurator)
    {
        configurator = this;
        return true;
    }

    public void Configure(IGrainContext context) =>
        context.ObservableLifecycle.Subscribe(nameof(ActivationYield), GrainLifecycleStage.First, static async _ => await Task.Yield(), static _ => Task.CompletedTask);
}
