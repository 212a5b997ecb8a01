using System.Diagnostics;

namespace Podflare.Telemetry;

/// <summary>Has ASP.NET Core make an activity for every request, also where nothing is exported: answers, logs and sandboxes need its ids.</summary>
internal static class RequestActivities
{
    private static readonly ActivityListener Listener = new()
    {
        ShouldListenTo = static source => source.Name == "Microsoft.AspNetCore",
        Sample = static (ref _) => ActivitySamplingResult.PropagationData,
    };

    static RequestActivities() => ActivitySource.AddActivityListener(Listener);

    /// <summary>From the first call on.</summary>
    public static void EnsureListening()
    {
        // The listener is added once, by the type's initializer.
    }
}
