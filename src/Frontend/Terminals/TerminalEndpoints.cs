using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Terminals;

/// <summary>The published terminal routes. A terminal is a process run with a pseudo-terminal, and its id is that of the run.</summary>
internal static class TerminalEndpoints
{
    public static IServiceCollection AddTerminalEndpoints(this IServiceCollection services) => services.AddSingleton<TerminalStreams>().AddSingleton<TerminalReader>();

    public static void MapTerminals(this RouteGroupBuilder api)
    {
        var terminals = api.MapGroup("/sandboxes/{id}/pty");
        terminals.MapGet("", ListAsync);
        terminals.MapPost("/{pty}/kill", KillAsync);
        var untimed = terminals.MapGroup("").WithMetadata(new DisableRequestDeadline());
        untimed.MapPost("", (HttpContext context, SandboxId id, Caller caller, TerminalStreams streams) => streams.OpenAsync(context, caller, id));
        untimed.MapGet("/{pty}/attach", (HttpContext context, SandboxId id, RunId pty, Caller caller, TerminalStreams streams) => streams.AttachAsync(context, caller.Tenant, id, pty));
        untimed.MapPost("/{pty}/read", ReadAsync);
        untimed.MapPost("/{pty}/input", InputAsync);
        untimed.MapPost("/{pty}/resize", ResizeAsync);
    }

    private static async Task<JsonHttpResult<IReadOnlyList<TerminalJson>>> ListAsync(SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var filter = new RunFilter(RunKind.Process, Limit: RunFilter.MaxLimit);
        var page = await GrainCallRetry.RetryLostAsync(() => Of(grains, id).ListRuns(caller.Tenant, filter, cancellationToken), time, cancellationToken);
        return TypedResults.Json<IReadOnlyList<TerminalJson>>([.. page.Runs.Where(run => run.IsTerminal).Select(TerminalJson.Of)], TerminalJsonContext.Default.IReadOnlyListTerminalJson);
    }

    private static async Task<JsonHttpResult<TerminalOutputJson>> ReadAsync(HttpContext context, SandboxId id, RunId pty, Caller caller, TerminalReader reader) =>
        TypedResults.Json(await reader.ReadAsync(context, caller.Tenant, id, pty), TerminalJsonContext.Default.TerminalOutputJson);

    private static async Task<NoContent> InputAsync(HttpContext context, SandboxId id, RunId pty, Caller caller, StdinWriter stdin, IOptions<RunOptions> limits)
    {
        await stdin.WriteAsync(context, caller.Tenant, id, pty, utf8 => TerminalRequest.ParseInput(utf8, limits.Value));
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ResizeAsync(HttpContext context, SandboxId id, RunId pty, Caller caller, IGrainFactory grains, JsonRequestHandler requests)
    {
        await requests.HandleAsync(context, ResizeRequest.Parse, async (size, token) =>
        {
            await Of(grains, id).Resize(caller.Tenant, pty, size, token);
            return true;
        });
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> KillAsync(SandboxId id, RunId pty, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        await GrainCallRetry.RetryLostAsync(() => Of(grains, id).Signal(caller.Tenant, pty, "SIGKILL", SignalScope.All, cancellationToken), time, cancellationToken);
        return TypedResults.NoContent();
    }

    private static ISandboxGrain Of(IGrainFactory grains, SandboxId id) => grains.GetGrain<ISandboxGrain>(id.Value);
}
