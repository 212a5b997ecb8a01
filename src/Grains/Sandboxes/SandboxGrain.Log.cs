using Microsoft.Extensions.Logging;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    [LoggerMessage(LogLevel.Information, "Created sandbox {Sandbox} of tenant {Tenant} from template {Template}.")]
    private partial void LogCreated(SandboxId sandbox, TenantId tenant, string template);
}
