using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Keys;

/// <summary>Authenticates the caller, and checks the scope that the endpoint needs.</summary>
internal sealed class KeyMiddleware(RequestDelegate next, KeyAuthenticator authenticator)
{
    public Task InvokeAsync(HttpContext context)
    {
        var required = context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>();

        // Unknown routes under /v1 also need a key, so that strangers cannot find out which routes exist.
        if (required is null && (context.GetEndpoint()?.Metadata.GetMetadata<AllowAnonymous>() is not null || !Mount.IsApi(context.Request.Path))) return next(context);
        var caller = authenticator.AuthenticateAsync(context);
        return caller.IsCompletedSuccessfully ? ContinueAsync(context, caller.Result, required) : AwaitAsync(context, caller, required);
    }

    private async Task AwaitAsync(HttpContext context, ValueTask<Caller> caller, RequiredScope? required) => await ContinueAsync(context, await caller, required);

    private Task ContinueAsync(HttpContext context, Caller caller, RequiredScope? required)
    {
        if (required is not null && !caller.Scopes.Allows(required.Scopes)) throw new ProblemException(ScopeProblem(caller, required.Scopes));
        context.Features.Set(caller);
        return next(context);
    }

    private static Problem ScopeProblem(Caller caller, KeyScopes required) => Problem.InsufficientScope(required) with
    {
        Detail = caller.Actor.Type == "anonymous" ? $"the server runs without API keys; set {EnvironmentKeys.AdminVariable} to manage tenants and keys" : null,
    };
}
