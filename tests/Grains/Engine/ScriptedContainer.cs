using Podflare.Containers;
using Podflare.EgressProxy.Sandboxes;
using Podflare.Guests;
using Podflare.Sandboxes;

namespace Podflare.Engine;

/// <summary>A container of a <see cref="ScriptedEngine"/>.</summary>
public sealed class ScriptedContainer(string id, ContainerSpec spec, ScriptedGuest guest)
{
    public string Id => id;

    public ContainerSpec Spec => spec;

    public SandboxId Sandbox => spec.Sandbox;

    /// <summary>The supervisor inside.</summary>
    public ScriptedGuest Guest => guest;

    /// <summary>The limits that it was given after its start; null where it has those of its start.</summary>
    public ContainerSpec? Shape { get; internal set; }

    /// <summary>What a list of containers says. A stopped container's guest is dead, a paused one's is frozen.</summary>
    public bool IsRunning { get; internal set; } = true;

    /// <summary>Whether the kernel ended it because its memory was full.</summary>
    public bool WasKilledForMemory { get; internal set; }

    /// <summary>Whether somebody has paused it.</summary>
    public bool IsPaused { get; internal set; }

    /// <summary>Whether it has the lower CPU priority.</summary>
    public bool HasLowPriority { get; internal set; }

    /// <summary>The hosts that it may reach, as its worker has said last; null if it has not.</summary>
    public SandboxAccess? Access { get; set; }

    /// <summary>Whether the engine lists it.</summary>
    public bool IsListed { get; set; } = true;
}
