using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Podflare.Harness;

/// <summary>The grain directory of one silo, which Orleans keeps to itself.</summary>
internal static class SiloDirectory
{
    private static readonly Type Directory = typeof(SiloLifecycleSubject).Assembly.GetType("Orleans.Runtime.GrainDirectory.ILocalGrainDirectory")!;

    /// <summary>The silo that has the entry of a grain.</summary>
    public static SiloAddress? OwnerOf(IServiceProvider silo, GrainId grain) => (SiloAddress?)Call(silo, "GetPrimaryForGrain", grain);

    /// <summary>Ends its loop over membership updates. A silo whose stop was canceled leaves it running, and it turns without a pause for as long as the process lives.</summary>
    public static async Task StopAsync(IServiceProvider silo) => await (Task)Call(silo, "StopAsync")!;

    private static object? Call(IServiceProvider silo, string method, params object[] arguments) =>
        Directory.GetMethod(method, BindingFlags.Public | BindingFlags.Instance)!.Invoke(silo.GetRequiredService(Directory), arguments);
}
