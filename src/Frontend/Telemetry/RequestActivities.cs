using System.Diagnostics;

namespace Podflare.Telemetry;

/// <summary>Makes ASP.NET Core create an activity for every request even when nothing is exported: responses, logs and sandboxes need its ids.</summary>
internal static class RequestActivities
{
    private static readonly ActivityListener Listener = new()
    {
        ShouldListenTo = static source => source.Name == "Microsoft.AspNetCore",
        Sample = static (ref _) => ActivitySamplingResult.PropagationData,
    };

    static RequestActivities() => ActivitySource.AddActivityListener(Listener);

    /// <summary>Registers the listener. Further calls do nothing.</summary>
    public static void EnsureListening()
    {
        // The static constructor registers the listener.
    }
}
