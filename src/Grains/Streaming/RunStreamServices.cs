namespace Podflare.Streaming;

public static class RunStreamServices
{
    /// <summary>Adds both ends of the run streams to a silo.</summary>
    public static ISiloBuilder AddRunStreams(this ISiloBuilder silo)
    {
        silo.AddGrainExtension<IRunStreamExtension, RunStreamExtension>();
        silo.Services.AddRunStreamConsumers();
        return silo;
    }

    /// <summary>Ends all run streams of this activation; their readers subscribe again. For <c>OnDeactivateAsync</c>. It does not wait.</summary>
    public static void StopRunStreams(this IGrainContext context)
    {
        if (context.GetComponent<IRunStreamExtension>() is RunStreamExtension extension) extension.StopAll();
    }

    /// <summary>Subscriptions to this activation's runs.</summary>
    public static int CountRunReaders(this IGrainContext context) =>
        context.GetComponent<IRunStreamExtension>() is RunStreamExtension extension ? extension.Readers : 0;
}
