using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>What a run's span says of the sandbox that it belongs to.</summary>
public sealed record RunSandbox(SandboxId Id, string Tenant, string Template, string ContainerId);
