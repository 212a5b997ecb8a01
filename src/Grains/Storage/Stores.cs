namespace Podflare.Storage;

/// <summary>The two named grain storages: both Redis in a cluster, both memory in the embedded process.</summary>
public static class Stores
{
    /// <summary>Kept until cleared.</summary>
    public const string Durable = "durable";

    /// <summary>Forgotten 24 h after the last write.</summary>
    public const string Expiring = "expiring";

    /// <summary>How long <see cref="Expiring"/> keeps an entry.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromHours(24);
}
