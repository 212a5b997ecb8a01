using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Limits;
using Podflare.OpenApi;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

/// <summary>Creates, lists, gets and deletes sandboxes.</summary>
internal static class SandboxEndpoints
{
    public static IServiceCollection AddSandboxEndpoints(this IServiceCollection services)
    {
        services.AddOptions<CreateOptions>().BindConfiguration(CreateOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<IdempotentSandboxCreator>().AddSingleton<CreateServices>().AddSingleton<SandboxLister>();
    }

    public static void MapSandboxes(this RouteGroupBuilder api, Mount mount)
    {
        var sandboxes = api.MapGroup("/sandboxes");
        sandboxes.MapPost("", (HttpContext context, Caller caller, CreateServices services) => CreateAsync(context, caller, services, mount))
            .WithMetadata(new DisableRequestDeadline(), new LimitCreates());
        sandboxes.MapDelete("/{id}", DeleteAsync);
        if (mount == Mount.Compat) return;

        sandboxes.MapGet("", ListAsync);
        sandboxes.MapGet("/{id}", GetAsync);
        sandboxes.MapPatch("/{id}", PatchAsync).WithMetadata(new DisableRequestDeadline());
    }

    /// <summary>Published routes that this server does not offer yet.</summary>
    public static void MapNotOffered(this RouteGroupBuilder api)
    {
        Offer("POST", "/sandboxes/{id}/fork", "fork");
        Offer("POST", "/sandboxes/{parent}/merge_into/{winner}", "merge");
        Offer("POST", "/spaces/{space}/resume", "spaces");
        Offer("DELETE", "/spaces/{space}", "spaces");

        void Offer(string method, string pattern, string what) =>
            api.MapMethods(pattern, [method], IResult () => throw new ProblemException(Problem.NotOffered(what)));
    }

    private static async Task<JsonHttpResult<SandboxJson>> CreateAsync(HttpContext context, Caller caller, CreateServices services, Mount mount)
    {
        services.Streams.ThrowIfDraining();
        var key = IdempotencyKey.Read(context.Request);
        var request = (await ReadAsync(context, caller, services)).Within(services.Limits.Find(caller.Tenant)?.EgressHosts).WithTrace(RequestTrace.Of(context));
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(services.Http.Value.StartSeconds), services.Time, context.RequestAborted);
        var creation = await services.Creator.CreateAsync(caller.Tenant, key, request.Spec with { Origin = RequestOrigin.Of(context, caller) }, deadline);
        services.Traces.Note(creation.Sandbox.Id, caller.Tenant.Value, creation.Sandbox.Trace);
        if (LogCall.Current is { } call) call.Sandbox = creation.Sandbox.Id.Value;
        if (creation.Joined) context.Response.Headers[IdempotencyKey.Replayed] = "true";
        var json = SandboxJson.Of(creation.Sandbox).For(services.Settings, mount);
        string[] warnings = [.. request.Warnings, .. mount == Mount.Main ? services.Isolation.Take(caller) : []];
        return TypedResults.Json(warnings.Length > 0 ? json with { Warnings = warnings } : json, SandboxJsonContext.Default.SandboxJson);
    }

    private static async Task<CreateRequest> ReadAsync(HttpContext context, Caller caller, CreateServices services)
    {
        using var body = await services.Bodies.ReadAsync(context);
        return CreateRequest.Parse(body.Utf8, services.Options.Value, services.Templates.Value, services.Limits.Find(caller.Tenant));
    }

    private static async Task<JsonHttpResult<SandboxPageJson>> ListAsync(
        HttpRequest request, Caller caller, SandboxLister lister, IOptions<CreateOptions> options, CancellationToken cancellationToken) =>
        TypedResults.Json(await lister.ListAsync(caller.Tenant, ListQuery.Parse(request, options.Value), cancellationToken), SandboxJsonContext.Default.SandboxPageJson);

    private static async Task<JsonHttpResult<SandboxJson>> GetAsync(
        SandboxId id, Caller caller, IGrainFactory grains, ServerSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        var info = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Get(caller.Tenant), time, cancellationToken);
        return TypedResults.Json(SandboxJson.Of(info).For(settings, Mount.Main), SandboxJsonContext.Default.SandboxJson);
    }

    private static async Task<JsonHttpResult<SandboxJson>> PatchAsync(HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, JsonRequestHandler requests, IOptions<CreateOptions> options, ITenantLimits limits, ServerSettings settings)
    {
        var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
        var (info, warnings) = await requests.HandleAsync(context, utf8 => PatchRequest.Parse(utf8, options.Value, limits.Find(caller.Tenant)), async (request, token) =>
        {
            if (request.Update.Metadata is not null) request.ThrowIfTooManyPairs((await sandbox.Get(caller.Tenant)).Metadata, options.Value.MaxMetadataPairs);
            return (await sandbox.Update(caller.Tenant, request.Update, token), request.Warnings);
        });
        var json = SandboxJson.Of(info).For(settings, Mount.Main);
        return TypedResults.Json(warnings.Count > 0 ? json with { Warnings = warnings } : json, SandboxJsonContext.Default.SandboxJson);
    }

    private static async Task<NoContent> DeleteAsync(HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var origin = RequestOrigin.Of(context, caller);
        await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Delete(caller.Tenant, origin), time, cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>The services that creating a sandbox uses.</summary>
internal sealed record CreateServices(
    IdempotentSandboxCreator Creator,
    JsonBodyReader Bodies,
    OpenStreams Streams,
    ServerSettings Settings,
    IOptions<CreateOptions> Options,
    IOptions<TemplateOptions> Templates,
    IOptions<HttpOptions> Http,
    SandboxTraces Traces,
    ITenantLimits Limits,
    IsolationNotice Isolation,
    TimeProvider Time);
