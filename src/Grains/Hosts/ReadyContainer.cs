using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>A container whose guest is ready and that nobody has been given yet.</summary>
/// <param name="Shape">Two containers of one shape are the same to whoever claims.</param>
internal sealed record ReadyContainer(SandboxId Sandbox, ContainerSpec Shape, LeasedContainer Container);
