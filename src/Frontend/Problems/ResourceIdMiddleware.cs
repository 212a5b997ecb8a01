using Podflare.Runs;
using Podflare.Sandboxes;

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
        return next(context);
    }
}
