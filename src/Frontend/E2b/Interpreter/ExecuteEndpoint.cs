using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.E2b.Interpreter;

/// <summary>
/// Executes code and sends what comes of it. A response that ends has the end of the execution as its last line: when the sandbox ends meanwhile, the
/// connection is aborted, because a client would take anything else for a success.
/// </summary>
internal sealed class ExecuteEndpoint(StartServices starts, SandboxHealth health, AbandonedRuns abandoned, IOptions<E2bOptions> options)
{
    // Bash has a fresh process for each run, so it is always the first.
    private const int FirstExecution = 1;

    public async Task ExecuteAsync(HttpContext context, SandboxId id, Caller caller)
    {
        starts.Streams.ThrowIfDraining();
        var run = RunId.New();
        var format = new ExecutionFormat();
        var isAccepted = false;
        try
        {
            var (started, _) = await starts.AcceptAsync(
                context, utf8 => new StartRequest(ExecuteRequest.Parse(utf8, starts.Runs.Value, starts.Create.Value.MaxEnvBytes), []), key: null, (request, deadline) =>
                {
                    isAccepted = true;
                    return starts.Starter.StartAsync(caller.Tenant, id, run, request, deadline);
                });
            await using var events = started.Events;
            using var open = starts.Streams.Track(context);
            EventResponseWriter.Prepare(context.Response, EventFormatter.Ndjson, run);
            starts.WriteAccepted(context, id, caller, null, started.Accepted, []);
            ExecutionFormat.WriteCount(started.Accepted.ExecutionCount ?? FirstExecution, context.Response.BodyWriter);
            await SendAsync(context, events, format);
            await EndAsync(context, id, format.End!);
        }
        finally
        {
            if (isAccepted && format.End is null && context.RequestAborted.IsCancellationRequested) abandoned.Interrupt(caller.Tenant, id, run);
        }
    }

    /// <summary>Sends everything up to the exit, which is left to the caller.</summary>
    private async Task SendAsync(HttpContext context, RunSubscription events, ExecutionFormat format)
    {
        var silence = TimeSpan.FromSeconds(options.Value.KeepAliveSeconds);
        var writer = context.Response.BodyWriter;
        // The first line goes with the first events if those exist already.
        if (!await events.WaitAsync(TimeSpan.Zero)) await FlushAsync(writer, context.RequestAborted);
        var lastSent = starts.Time.GetTimestamp();
        while (true)
        {
            while (!await events.WaitAsync(silence - starts.Time.GetElapsedTime(lastSent)))
            {
                context.RequestAborted.ThrowIfCancellationRequested();
                writer.Write(format.Heartbeat);
                await FlushAsync(writer, context.RequestAborted);
                lastSent = starts.Time.GetTimestamp();
            }

            var batch = await events.NextAsync();
            format.Write(batch, writer);
            if (batch.HasExit) return;
            if (writer.UnflushedBytes == 0) continue;
            await FlushAsync(writer, context.RequestAborted);
            lastSent = starts.Time.GetTimestamp();
        }
    }

    private async Task EndAsync(HttpContext context, SandboxId id, ExecutionEnd end)
    {
        if (end.MayBeOfSandbox && !await health.IsRunningAsync(id, context.RequestAborted))
        {
            context.Abort();
            return;
        }

        end.Write(context.Response.BodyWriter);
        await context.Response.CompleteAsync();
    }

    private static async ValueTask FlushAsync(PipeWriter writer, CancellationToken cancellationToken) => await writer.FlushAsync(cancellationToken);
}
