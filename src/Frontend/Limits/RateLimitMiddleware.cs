using System.Runtime.CompilerServices;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Endpoint metadata: the operation also counts against the tenant's rate of creates.</summary>
internal sealed class LimitCreates;

/// <summary>Refuses requests beyond the rates of their tenant, and tells every caller that has limits what is left. Costs no call while the share of this process suffices.</summary>
internal sealed class RateLimitMiddleware(RequestDelegate next, ITenantLimits limits, TenantShares shares)
{
    private const string Requests = "requests";
    private const string Creates = "creates";

    private readonly ConditionalWeakTable<EffectiveLimits, Policies> _policies = [];

    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<Caller>() is { } caller && limits.Find(caller.Tenant) is { } most ? LimitAsync(context, caller.Tenant, most) : next(context);

    private async Task LimitAsync(HttpContext context, TenantId tenant, EffectiveLimits most)
    {
        var isCreate = context.GetEndpoint()?.Metadata.GetMetadata<LimitCreates>() is not null;
        var policies = _policies.GetValue(most, static limits => new Policies(limits));
        var headers = new Headers(context.Response, isCreate ? policies.Create : policies.Request);
        context.Response.OnStarting(static state => ((Headers)state).WriteAsync(), headers);

        var requests = await shares.TakeAsync(tenant, QuotaKind.Requests, most.Requests, context.RequestAborted);
        headers.Limit = RateLimitHeaders.LimitOf(Requests, requests);
        if (!requests.IsAllowed) throw Refuse(Requests, "too many requests", requests);
        if (isCreate)
        {
            var creates = await shares.TakeAsync(tenant, QuotaKind.Creates, most.Creates, context.RequestAborted);
            headers.Limit = $"{headers.Limit}, {RateLimitHeaders.LimitOf(Creates, creates)}";
            if (!creates.IsAllowed) throw RefuseCreate(creates);
        }

        await next(context);
    }

    /// <summary>The answer to a create beyond the tenant's rate.</summary>
    public static ProblemException RefuseCreate(RateDecision decision) => Refuse(Creates, "too many sandboxes are being created", decision);

    private static ProblemException Refuse(string policy, string error, RateDecision decision)
    {
        Instruments.LimitRefusals.Add(1, new KeyValuePair<string, object?>("policy", policy));
        return new ProblemException(new Problem(429, "rate_limited", error) { RetryAfter = RateLimitHeaders.SecondsUntil(decision), ViolatedPolicies = [policy] });
    }

    /// <summary>The policies of a tenant, as they are sent with every response.</summary>
    private sealed class Policies(EffectiveLimits limits)
    {
        public string Request { get; } = RateLimitHeaders.PolicyOf(Requests, limits.Requests);

        public string Create { get; } = string.Join(
            ", ", RateLimitHeaders.PolicyOf(Requests, limits.Requests), RateLimitHeaders.PolicyOf(Creates, limits.Creates), RateLimitHeaders.PolicyOf("sandboxes", limits.Sandboxes));
    }

    /// <summary>Written when the response starts, because an error clears what was set before.</summary>
    private sealed class Headers(HttpResponse response, string policy)
    {
        public string Limit { get; set; } = "";

        public Task WriteAsync()
        {
            response.Headers[RateLimitHeaders.Policy] = policy;
            if (Limit.Length > 0) response.Headers[RateLimitHeaders.Limit] = Limit;
            return Task.CompletedTask;
        }
    }
}
