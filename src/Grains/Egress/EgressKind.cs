namespace Podflare.Egress;

/// <summary>What a sandbox can reach of the network.</summary>
public enum EgressKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Everything that the host's rules do not refuse.</summary>
    Open,

    /// <summary>The hosts on its list, through this host's proxy.</summary>
    NamedHosts,
}
