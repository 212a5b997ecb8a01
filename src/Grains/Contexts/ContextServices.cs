using Orleans.Hosting;

namespace Podflare.Contexts;

public static class ContextServices
{
    /// <summary>Adds the contexts of sandboxes to a silo.</summary>
    public static ISiloBuilder AddContexts(this ISiloBuilder silo) => silo.AddGrainExtension<IContextExtension, ContextExtension>();
}
