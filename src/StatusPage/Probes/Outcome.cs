namespace Podflare.Probes;

internal enum Outcome
{
    Ok,
    Slow,
    Fail,

    /// <summary>The result says nothing about the platform, for example because our own network failed.</summary>
    NoData,
}
