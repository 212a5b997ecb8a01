using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.E2b;

/// <summary>Recognizes the callers of a sandbox's ports by its tokens; they never have an API key.</summary>
internal sealed class DataAccessMiddleware(
    RequestDelegate next, SandboxTokens tokens, KeyAuthenticator authenticator, WrongKeyLimiter wrong, TenantDirectory tenants, IOptions<E2bOptions> options)
{
    private const string EnvdHeader = "X-Access-Token";
    private const string TrafficHeader = "E2b-Traffic-Access-Token";

    // Until the tenants are known, a server without keys in its environment cannot say that it needs none.
    private bool RequiresTokens => !tenants.Loaded.IsCompleted || authenticator.RequiresKeys;

    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<E2bTarget>() is { IsControl: false } target ? OpenAsync(context, target) : next(context);

    private async Task OpenAsync(HttpContext context, E2bTarget target)
    {
        var access = await FindAsync(context, target);
        if (tenants.Find(access.Tenant)?.State is TenantState.Suspended or TenantState.Deleted) throw new ProblemException(Problem.TenantSuspended);
        if (context.GetEndpoint()?.Metadata.GetMetadata<DataAccess>() is { } needed) Check(context, access, needed.Needs);
        context.Features.Set(access);
        context.Features.Set(new Caller(access.Tenant, null, KeyScopes.Read | KeyScopes.Sandboxes, AuditActor.Anonymous));
        await next(context);
    }

    private async ValueTask<SandboxAccess> FindAsync(HttpContext context, E2bTarget target)
    {
        try
        {
            return await tokens.FindAsync(target.Sandbox ?? throw new SandboxNotFoundException(), context.RequestAborted);
        }
        catch (SandboxNotFoundException)
        {
            CountWrong(context);
            throw;
        }
    }

    private void Check(HttpContext context, SandboxAccess access, DataAccess.Kind needs)
    {
        if (needs is DataAccess.Kind.Nothing) return;
        var (envd, traffic) = (context.Request.Headers[EnvdHeader].ToString(), context.Request.Headers[TrafficHeader].ToString());
        if (envd.Length > 0 && access.IsEnvdToken(envd)) return;
        if (needs is DataAccess.Kind.Interpreter && traffic.Length > 0 && access.IsTrafficToken(traffic)) return;
        if (needs is DataAccess.Kind.EnvdOrSignature && envd.Length == 0)
        {
            // Whether one is needed, and right, depends on the file that is meant.
            context.Features.Set(new MissingToken(IsOptional: !RequiresTokens));
            return;
        }

        var isAbsent = envd.Length == 0 && (needs is not DataAccess.Kind.Interpreter || traffic.Length == 0);
        if (isAbsent && (!RequiresTokens || (needs is DataAccess.Kind.Interpreter && options.Value.TokenlessInterpreter))) return;
        CountWrong(context);
        throw new E2bException(StatusCodes.Status401Unauthorized, isAbsent ? "missing access token" : "access token present in header but does not match");
    }

    private void CountWrong(HttpContext context)
    {
        if (!wrong.TryFail(context.Connection.RemoteIpAddress)) throw new ProblemException(new Problem(429, "rate_limited", "too many wrong access tokens from this address") { RetryAfter = 1 });
    }
}

/// <summary>Feature of a request to the files of a sandbox: it has no token.</summary>
/// <param name="IsOptional">The server requires none.</param>
internal sealed record MissingToken(bool IsOptional);
