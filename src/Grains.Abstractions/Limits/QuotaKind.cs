namespace Podflare.Limits;

/// <summary>What the processes of a cluster divide among themselves, for each tenant.</summary>
[GenerateSerializer, Alias("podflare.QuotaKind")]
public enum QuotaKind
{
    /// <summary>A kind that this version does not know.</summary>
    Unknown,

    /// <summary>Requests per second.</summary>
    Requests,

    /// <summary>Creates of sandboxes per second.</summary>
    Creates,

    /// <summary>Runs that execute at the same time.</summary>
    Running,
}
