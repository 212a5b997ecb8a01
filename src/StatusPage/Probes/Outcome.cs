namespace Podflare.Probes;

internal enum Outcome
{
    Ok,
    Slow,
    Fail,

    /// <summary>Our own fault or nobody's: it says nothing about the platform.</summary>
    NoData,
}
