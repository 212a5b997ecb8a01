namespace Podflare.Resilience;

/// <summary>The limits of a <see cref="KeyedSender{TKey, TItem}"/>.</summary>
/// <param name="Name">A constant that names the work; see <see cref="Background.Run"/>.</param>
/// <param name="Capacity">Items that may wait, of all keys together.</param>
/// <param name="MaxBatch">Items of one call at most.</param>
/// <param name="Gathering">The time for which items gather before a call.</param>
/// <param name="FirstPause">After the first failure.</param>
/// <param name="LongestPause">After many of them.</param>
public sealed record SendPolicy(string Name, int Capacity, int MaxBatch, TimeSpan Gathering, TimeSpan FirstPause, TimeSpan LongestPause)
{
    /// <summary>Calls at a time, of all keys together. Default: 32.</summary>
    public int MaxCalls { get; init; } = 32;
}
