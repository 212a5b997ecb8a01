namespace Podflare.Storage;

/// <summary>The named grain storages. In a cluster all of them are Redis.</summary>
public static class Stores
{
    /// <summary>Kept until cleared; in the memory of an embedded process, so that it ends with its sandboxes.</summary>
    public const string Durable = "durable";

    /// <summary>Forgotten 24 h after the last write; in the memory of an embedded process.</summary>
    public const string Expiring = "expiring";

    /// <summary>Kept until cleared; in files of an embedded process, so that it survives a restart.</summary>
    public const string Kept = "kept";

    /// <summary>How long <see cref="Expiring"/> keeps an entry.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromHours(24);
}
