using Microsoft.Extensions.Options;

namespace Podflare.GrainClient;

/// <summary>Tries to connect until a silo answers or the time is over: a service may start before the cluster does.</summary>
internal sealed class PatientConnection(IOptions<GrainClientOptions> options, TimeProvider time) : IClientConnectionRetryFilter
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly long _began = time.GetTimestamp();

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_began).TotalSeconds > options.Value.ConnectSeconds) return false;
        await Task.Delay(Pause, time, cancellationToken);
        return true;
    }
}
