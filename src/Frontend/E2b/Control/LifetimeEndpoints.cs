using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Control;

/// <summary>Connects to sandboxes, and changes when they end. The idle limit of a sandbox follows its lifetime, because E2B has none.</summary>
internal sealed class LifetimeEndpoints(
    IGrainFactory grains, JsonRequestHandler requests, SandboxTokens tokens, ITenantLimits limits, IOptions<CreateOptions> create, IOptions<E2bOptions> options, TimeProvider time)
{
    private const double DefaultConnectSeconds = 300;

    /// <summary>Never shortens the lifetime.</summary>
    public async Task<JsonHttpResult<OpenedSandbox>> ConnectAsync(HttpContext context, Caller caller)
    {
        var id = ControlSandbox.Of(context);
        var sandbox = await requests.HandleAsync(context, utf8 => Parse(utf8, "timeout", DefaultConnectSeconds), (seconds, token) => ExtendAsync(caller, id, seconds, token));
        var access = await tokens.EnsureAsync(caller.Tenant, id, context.RequestAborted);
        return TypedResults.Json(OpenedSandbox.Of(sandbox, access, options.Value), ControlJson.Default.OpenedSandbox);
    }

    public async Task<NoContent> RefreshAsync(HttpContext context, Caller caller)
    {
        var id = ControlSandbox.Of(context);
        await requests.HandleAsync(context, utf8 => Parse(utf8, "duration", 0), (seconds, token) => ExtendAsync(caller, id, seconds, token));
        return TypedResults.NoContent();
    }

    /// <summary>Counts from now, and ends the sandbox at once for 0.</summary>
    public async Task<NoContent> SetTimeoutAsync(HttpContext context, Caller caller)
    {
        var id = ControlSandbox.Of(context);
        await requests.HandleAsync(context, utf8 => Parse(utf8, "timeout", null), async (seconds, token) =>
        {
            await ControlSandbox.GetAsync(grains, caller.Tenant, id, time, token);
            if (seconds > 0) await UpdateAsync(caller, id, seconds, token);
            else await grains.GetGrain<ISandboxGrain>(id.Value).Delete(caller.Tenant, RequestOrigin.Of(context, caller));
            return true;
        });
        return TypedResults.NoContent();
    }

    private async Task<SandboxInfo> ExtendAsync(Caller caller, SandboxId id, double seconds, CancellationToken cancellationToken)
    {
        var sandbox = await ControlSandbox.GetAsync(grains, caller.Tenant, id, time, cancellationToken);
        return time.GetUtcNow() + Lifetime(caller, seconds) > sandbox.ExpiresAt ? await UpdateAsync(caller, id, seconds, cancellationToken) : sandbox;
    }

    private Task<SandboxInfo> UpdateAsync(Caller caller, SandboxId id, double seconds, CancellationToken cancellationToken)
    {
        var lifetime = Lifetime(caller, seconds);
        var idle = TimeSpan.FromSeconds(Math.Min(lifetime.TotalSeconds, create.Value.MaxIdleOf(limits.Find(caller.Tenant))));
        return grains.GetGrain<ISandboxGrain>(id.Value).Update(caller.Tenant, new SandboxUpdate(lifetime, idle), cancellationToken);
    }

    private TimeSpan Lifetime(Caller caller, double seconds) => CreateSandboxRequest.LifetimeOf(seconds, create.Value.MaxLifetimeOf(limits.Find(caller.Tenant)));

    /// <param name="otherwise">The seconds when the body has none; null if it must.</param>
    private static double Parse(ReadOnlySpan<byte> utf8, string field, double? otherwise) => JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
    {
        double? seconds = null;
        while (fields.Next())
        {
            if (fields.Is(field)) seconds = fields.Number(0, double.MaxValue);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        return seconds ?? otherwise ?? throw ProblemException.Invalid(field, "must be given");
    });
}
