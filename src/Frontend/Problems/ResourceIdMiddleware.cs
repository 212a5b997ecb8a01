using Podflare.Contexts;
using Podflare.Keys;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Webhooks;

namespace Podflare.Problems;

/// <summary>
/// Answers 404 for a malformed id, as for an unknown one. Parameter binding would answer 400, with a text that names C# parameters.
/// </summary>
internal sealed class ResourceIdMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var values = context.Request.RouteValues;
        if (values.TryGetValue("id", out var id) && !SandboxId.TryParse(id as string, null, out _)) throw new SandboxNotFoundException();
        if (values.TryGetValue("run", out var run) && !RunId.TryParse(run as string, null, out _)) throw new RunNotFoundException();
        if (values.TryGetValue("pty", out var terminal) && !RunId.TryParse(terminal as string, null, out _)) throw new RunNotFoundException();
        if (values.TryGetValue("sandbox", out var sandbox) && !SandboxId.TryParse(sandbox as string, null, out _)) throw new SandboxNotFoundException();
        if (values.TryGetValue("key", out var key) && !KeyId.TryParse(key as string, null, out _)) throw new ApiKeyNotFoundException();
        if (values.TryGetValue("webhook", out var webhook) && !WebhookId.TryParse(webhook as string, null, out _)) throw new WebhookNotFoundException();
        if (values.TryGetValue("tenant", out var tenant) && !TenantId.TryParse(tenant as string, null, out _)) throw new TenantNotFoundException();
        // The text of a malformed id is not repeated, because it may be as long as a request line.
        if (values.TryGetValue("context", out var name) && !ContextId.TryParse(name as string, null, out _)) throw new ProblemException(new Problem(404, "context_not_found", "context not found"));
        return next(context);
    }
}
