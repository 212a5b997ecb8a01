using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What all requests that start a run have in common.</summary>
internal sealed record StartServices(
    RunStarter Starter, JsonBodyReader Bodies, OpenStreams Streams, IOptions<RunOptions> Runs, IOptions<ToolOptions> Tools, IOptions<CreateOptions> Create, IOptions<HttpOptions> Http, SandboxTraces Traces, TimeProvider Time)
{
    /// <summary>The id of a run: derived from the key of the request, else random.</summary>
    public static RunId RunOf(string? key, SandboxId id, Caller caller) => key is null ? RunId.New() : RunId.FromKey(caller.Tenant, id, key);

    public BodyParser<StartRequest> ParserOf(Mount mount) => utf8 => StartRequest.Parse(utf8, Runs.Value, Tools.Value, Create.Value, mount);

    /// <summary>Reads the request, and starts the run within the time for it.</summary>
    public async Task<(T Started, IReadOnlyList<string> Warnings)> AcceptAsync<T>(
        HttpContext context, BodyParser<StartRequest> parse, string? key, Func<RunRequest, TimeLimit, Task<T>> start)
    {
        // Kept until the guest has the code, so that the limit for large bodies also bounds the code in transit.
        using var body = await Bodies.ReadAsync(context);
        var request = parse(body.Utf8);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(Http.Value.StartSeconds), Time, context.RequestAborted);
        var trace = RequestTrace.Of(context);
        return (await start(request.Run with { Trace = trace.Caller, Span = trace.Span, Keyless = key is null, Key = context.Features.Get<Caller>()?.Key }, deadline), request.Warnings);
    }

    /// <summary>Puts what is known of the run into the headers, and its id and trace into the log.</summary>
    public void WriteAccepted(HttpContext context, SandboxId id, Caller caller, string? key, RunAccepted accepted, IReadOnlyList<string> warnings)
    {
        var response = context.Response;
        if (accepted.TraceParent is { } span) TraceResponseHeaders.Write(response, span);
        if (LogCall.Current is { } call) call.Run = accepted.Id.Value;
        if (RequestTrace.Of(context).Caller is { } trace) Traces.Note(accepted.Id, trace);
        else Traces.Note(id, caller.Tenant.Value, accepted.Trace);
        if (accepted.ReplRestarted) response.Headers["Podflare-Repl-Restarted"] = "1";
        if (key is not null && accepted.Joined)
        {
            response.Headers[IdempotencyKey.Replayed] = "true";
            RequestTrace.MarkReplayed(context);
        }

        if (warnings.Count > 0) response.Headers["Podflare-Warning"] = string.Join("; ", warnings);
    }
}
