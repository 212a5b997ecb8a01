namespace Podflare.EgressProxy.Sandboxes;

/// <summary>What the worker tells the proxy about the sandbox behind an address.</summary>
/// <param name="Allow">Normalized names of hosts, some with <c>*.</c> in front.</param>
public sealed record SandboxAccess(string Sandbox, string Tenant, IReadOnlyList<string> Allow);
