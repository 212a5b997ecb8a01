using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>A container whose guest is ready and that no claim has been given yet.</summary>
/// <param name="Shape">Two containers of one shape are the same to a claim.</param>
internal sealed record ReadyContainer(ContainerEntry Entry, ContainerSpec Shape, LeasedContainer Container)
{
    public SandboxId Sandbox => Entry.Sandbox;
}
