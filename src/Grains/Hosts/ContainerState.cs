namespace Podflare.Hosts;

/// <summary>What a container of this host belongs to.</summary>
internal enum ContainerState
{
    /// <summary>It is being started, or has been started and is on its way to a claim or to its pool.</summary>
    Starting,

    /// <summary>Its guest is ready, and nobody has claimed it.</summary>
    Parked,

    /// <summary>A claim has it; its sandbox has not come for it yet.</summary>
    Leased,

    /// <summary>Its sandbox has come for it and has not reported yet.</summary>
    HandedOver,

    /// <summary>It was found on the engine, and its sandbox is being asked whether it lives.</summary>
    Adopting,

    /// <summary>A sandbox owns it.</summary>
    Live,

    /// <summary>It is being removed, or its removal failed and is tried again.</summary>
    Removing,
}
