using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.OpenApi;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>
/// Sends the last events of a sandbox over all its runs. The runs' counters decide what to send before any event is read, so only one
/// page of events is in memory at a time.
/// </summary>
internal sealed class ReplayHandler(IGrainFactory grains, OpenStreams streams, IOptions<HttpOptions> options, TimeProvider time)
{
    private const int MaxEvents = 1_000;
    private const int MaxBackgroundEvents = 200;
    private const int RunsAtOnce = 16;
    private static readonly byte[] BackgroundSuffix = ",\"run\":null"u8.ToArray();

    public async Task ReplayAsync(HttpContext context, TenantId tenant, SandboxId id, Mount mount)
    {
        var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
        IReadOnlyList<ReplayPart> parts;
        using (var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, context.RequestAborted))
        {
            // A published client knows no event of the background run.
            var planned = await PlanAsync(sandbox, tenant, withBackground: mount == Mount.Main, deadline.Token);
            parts = await LimitAsync(sandbox, tenant, planned, deadline.Token);
            if (parts.Count < planned.Count || (parts is [var first, ..] && first.After > planned[^parts.Count].After))
                context.Response.Headers["Podflare-Warning"] = $"older events were left out: a replay has at most {options.Value.ReplayBytes} bytes";
        }

        using var open = streams.Track(context);
        EventResponseWriter.Prepare(context.Response, EventFormatter.Ndjson);
        if (HttpMethods.IsHead(context.Request.Method)) return;
        foreach (var part in parts)
        {
            var suffix = part.IsBackground ? BackgroundSuffix : Encoding.ASCII.GetBytes($",\"run\":\"{part.Run}\"");
            EventFormatter format = mount.EventFormat == EventFormat.JoinedLines ? new JoinedLineFormatter(suffix) : new NdjsonFormatter(suffix);
            await SendAsync(context, sandbox, tenant, part, format);
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>The parts to send, oldest first, and that of the background run last.</summary>
    private async Task<IReadOnlyList<ReplayPart>> PlanAsync(ISandboxGrain sandbox, TenantId tenant, bool withBackground, CancellationToken cancellationToken)
    {
        var runs = await GrainCallRetry.RetryLostAsync(() => sandbox.ListRuns(tenant), time, cancellationToken);
        var parts = new List<ReplayPart>();
        long room = MaxEvents;
        if (withBackground && await FindBackgroundAsync(sandbox, tenant, cancellationToken) is { } late && ReplayPart.Of(late, MaxBackgroundEvents) is { } last)
        {
            parts.Add(last with { IsBackground = true });
            room -= last.Count;
        }

        foreach (var some in runs.Reverse().Chunk(RunsAtOnce))
        {
            foreach (var info in await Task.WhenAll(some.Select(run => FindAsync(sandbox, tenant, run, cancellationToken))))
            {
                if (room == 0 || info is null || ReplayPart.Of(info, room) is not { } part) continue;
                parts.Add(part);
                room -= part.Count;
            }

            if (room == 0) break;
        }

        parts.Reverse();
        return parts;
    }

    /// <summary>Leaves out the oldest events so that the rest has at most <see cref="HttpOptions.ReplayBytes"/>, but at least the newest event.</summary>
    private async Task<IReadOnlyList<ReplayPart>> LimitAsync(
        ISandboxGrain sandbox, TenantId tenant, IReadOnlyList<ReplayPart> parts, CancellationToken cancellationToken)
    {
        var room = options.Value.ReplayBytes;
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            if (parts[i].Bytes <= room)
            {
                room -= parts[i].Bytes;
                continue;
            }

            var lines = await MeasureAsync(sandbox, tenant, parts[i], cancellationToken);
            var fits = lines.Count;
            while (fits > 0 && lines[fits - 1].Bytes <= room) room -= lines[--fits].Bytes;
            if (fits == 0) continue;
            if (i == parts.Count - 1 && fits == lines.Count) fits--;
            var rest = parts.Skip(i + 1);
            return fits < lines.Count ? [parts[i] with { After = lines[fits].Seq - 1 }, .. rest] : [.. rest];
        }

        return parts;
    }

    /// <summary>The events of a part and the bytes of each.</summary>
    private async Task<IReadOnlyList<(long Seq, int Bytes)>> MeasureAsync(ISandboxGrain sandbox, TenantId tenant, ReplayPart part, CancellationToken cancellationToken)
    {
        List<(long Seq, int Bytes)> lines = [];
        for (var seq = part.After; seq < part.Last && await ReadAsync(sandbox, tenant, part, seq, cancellationToken) is { } page; seq = page.LastSeq)
        {
            for (var i = 0; i < page.Ends.Length && page.FirstSeq + i <= part.Last; i++)
                lines.Add((page.FirstSeq + i, page.Ends[i] - (i == 0 ? 0 : page.Ends[i - 1])));
            if (page.HasExit) break;
        }

        return lines;
    }

    /// <summary>The background run if it has begun. Asking for the run itself would begin it; listing runs does not.</summary>
    private async Task<RunInfo?> FindBackgroundAsync(ISandboxGrain sandbox, TenantId tenant, CancellationToken cancellationToken)
    {
        var page = await GrainCallRetry.RetryLostAsync(() => sandbox.ListRuns(tenant, new RunFilter(RunKind.Background, Limit: 1), cancellationToken), time, cancellationToken);
        return page.Runs.Length > 0 ? page.Runs[0] : null;
    }

    private async Task<RunInfo?> FindAsync(ISandboxGrain sandbox, TenantId tenant, RunId run, CancellationToken cancellationToken)
    {
        try
        {
            return await GrainCallRetry.RetryLostAsync(() => sandbox.GetRun(tenant, run), time, cancellationToken);
        }
        catch (RunNotFoundException)
        {
            // The run was withdrawn, or its record has expired since the list was read.
            return null;
        }
    }

    private async Task SendAsync(HttpContext context, ISandboxGrain sandbox, TenantId tenant, ReplayPart part, EventFormatter format)
    {
        var (seq, writer) = (part.After, context.Response.BodyWriter);
        while (seq < part.Last && await ReadAsync(sandbox, tenant, part, seq, context.RequestAborted) is { } page)
        {
            format.Write(page.UpTo(part.Last), writer);
            await writer.FlushAsync(context.RequestAborted);
            if (page.HasExit) break;
            seq = page.LastSeq;
        }

        format.Complete(writer);
    }

    private async Task<EventBatch?> ReadAsync(ISandboxGrain sandbox, TenantId tenant, ReplayPart part, long seq, CancellationToken cancellationToken)
    {
        try
        {
            return await GrainCallRetry.RetryLostAsync(() => sandbox.ReadEvents(tenant, part.Run, seq, cancellationToken), time, cancellationToken);
        }
        catch (EventsEvictedException gone) when (gone.OldestSeq - 1 > seq)
        {
            // The events were evicted after the parts were chosen: send those that are left.
            return await GrainCallRetry.RetryLostAsync(() => sandbox.ReadEvents(tenant, part.Run, gone.OldestSeq - 1, cancellationToken), time, cancellationToken);
        }
    }
}
