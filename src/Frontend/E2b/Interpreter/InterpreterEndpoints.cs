using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.E2b.Interpreter;

/// <summary>The code interpreter on its port.</summary>
internal static class InterpreterEndpoints
{
    public static void MapInterpreter(this RouteGroupBuilder sandboxes)
    {
        var port = sandboxes.MapGroup($"/{E2bTarget.InterpreterPort}/{{id}}").WithMetadata(new ErrorForm(ErrorForm.Kind.Text));
        port.MapGet("/health", HealthAsync).WithMetadata(DataAccess.Open);
        var routes = port.MapGroup("").WithMetadata(new DataAccess(DataAccess.Kind.Interpreter));
        routes.MapPost("/execute", (HttpContext context, SandboxId id, Caller caller, ExecuteEndpoint execute) => execute.ExecuteAsync(context, id, caller)).WithMetadata(new DisableRequestDeadline());
        routes.MapGet("/contexts", (SandboxId id, Caller caller, InterpreterContexts contexts, CancellationToken token) => contexts.ListAsync(id, caller, token));
        routes.MapPost("/contexts", (HttpContext context, SandboxId id, Caller caller, InterpreterContexts contexts) => contexts.CreateAsync(context, id, caller)).WithMetadata(new DisableRequestDeadline());
        routes.MapPost("/contexts/{name}/restart", (SandboxId id, string name, Caller caller, InterpreterContexts contexts, CancellationToken token) => contexts.RestartAsync(id, name, caller, token));
        routes.MapDelete("/contexts/{name}", (SandboxId id, string name, Caller caller, InterpreterContexts contexts, CancellationToken token) => contexts.DeleteAsync(id, name, caller, token));
    }

    private static async Task<IResult> HealthAsync(SandboxId id, SandboxHealth health, CancellationToken cancellationToken)
    {
        await health.CheckAsync(id, cancellationToken);
        return TypedResults.Text("OK");
    }
}
