namespace Podflare.Limits;

/// <summary>Whether a rate allows one more.</summary>
/// <param name="Left">Whole ones that this process may still take at once.</param>
/// <param name="Wait">Where it does not: the time until it may; <see cref="Timeout.InfiniteTimeSpan"/> where it never does.</param>
public readonly record struct RateDecision(bool IsAllowed, int Left, TimeSpan Wait);
