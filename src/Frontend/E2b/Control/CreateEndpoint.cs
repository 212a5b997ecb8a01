using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.E2b.Control;

/// <summary>Creates sandboxes.</summary>
internal sealed class CreateEndpoint(CreateServices services, SandboxTokens tokens, IOptions<E2bOptions> options)
{
    private const string KeyPrefix = "e2b:";

    public async Task<JsonHttpResult<OpenedSandbox>> CreateAsync(HttpContext context, Caller caller, double defaultSeconds)
    {
        services.Streams.ThrowIfDraining();
        // Its own name: the same key of a native client belongs to another request.
        var key = IdempotencyKey.Read(context.Request) is { } sent ? KeyPrefix + sent : null;
        var request = (await ReadAsync(context, caller, defaultSeconds)).Within(services.Limits.Find(caller.Tenant)?.EgressHosts).WithTrace(RequestTrace.Of(context));
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(services.Http.Value.StartSeconds), services.Time, context.RequestAborted);
        var creation = await PlaceAsync(context, caller, key, request.Spec with { Origin = RequestOrigin.Of(context, caller) }, deadline);
        services.Traces.Note(creation.Sandbox.Id, caller.Tenant.Value, creation.Sandbox.Trace);
        if (LogCall.Current is { } call) call.Sandbox = creation.Sandbox.Id.Value;
        if (creation.Joined) context.Response.Headers[IdempotencyKey.Replayed] = "true";
        var access = await tokens.EnsureAsync(caller.Tenant, creation.Sandbox.Id, deadline.Token);
        return TypedResults.Json(OpenedSandbox.Of(creation.Sandbox, access, options.Value), ControlJson.Default.OpenedSandbox, statusCode: StatusCodes.Status201Created);
    }

    private async Task<CreateRequest> ReadAsync(HttpContext context, Caller caller, double defaultSeconds)
    {
        using var body = await services.Bodies.ReadAsync(context);
        return CreateSandboxRequest.Parse(body.Utf8, defaultSeconds, options.Value, services.Options.Value, services.Templates.Value, services.Limits.Find(caller.Tenant));
    }

    private async Task<Creation> PlaceAsync(HttpContext context, Caller caller, string? key, SandboxSpec spec, TimeLimit deadline)
    {
        try
        {
            return await services.Creator.CreateAsync(caller.Tenant, key, spec, deadline);
        }
        catch (TemplateNotFoundException)
        {
            throw new E2bException(StatusCodes.Status404NotFound, $"template '{spec.Template}' not found", "template_not_found");
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested && RefusalOf(e, deadline) is { } refusal)
        {
            throw refusal;
        }
    }

    // Clients search for the beginning of these texts.
    private static E2bException? RefusalOf(Exception e, TimeLimit deadline) => ExceptionMapper.ToProblem(e) switch
    {
        var problem when e is ContainerStartException { Retry: false } => Refuse(StatusCodes.Status503ServiceUnavailable, e.Message, "sandbox_no_compatible_node", problem),
        { Status: StatusCodes.Status503ServiceUnavailable } problem when deadline.IsExceeded => Refuse(StatusCodes.Status504GatewayTimeout, "no sandbox was ready in time", "sandbox_placement_timeout", problem),
        { Status: StatusCodes.Status503ServiceUnavailable } problem => Refuse(StatusCodes.Status503ServiceUnavailable, problem.Error, "sandbox_capacity_unavailable", problem),
        _ => null,
    };

    private static E2bException Refuse(int status, string why, string code, Problem native) => new(status, $"Failed to place sandbox: {why}", code, native);
}
