namespace Podflare.Runs;

/// <summary>Whether code runs in an interpreter of its own, outside all queues, which is killed at the end of the run.</summary>
[GenerateSerializer, Alias("podflare.FreshMode")]
public enum FreshMode
{
    /// <summary>It runs in its context.</summary>
    None,

    /// <summary>It runs in an interpreter of its own.</summary>
    Fresh,

    /// <summary>As <see cref="Fresh"/>; every other process and run of the sandbox is killed first, and contexts lose their state.</summary>
    Alone,
}
