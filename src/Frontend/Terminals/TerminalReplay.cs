using Podflare.Http;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Terminals;

/// <summary>Finds where the last output of a terminal begins, for a client that attaches to it.</summary>
internal static class TerminalReplay
{
    private const long FirstStep = 64;

    /// <param name="wanted">Bytes of output that the client gets. The event that covers the first of them is sent as a whole.</param>
    /// <returns>The <c>seq</c> after which to read.</returns>
    public static async Task<long> FindStartAsync(ISandboxGrain sandbox, TenantId tenant, RunInfo run, int wanted, TimeProvider time, CancellationToken cancellationToken)
    {
        if (run.FirstSeq is not { } first) return run.LastSeq;
        var (start, bytes, step) = (run.LastSeq, 0L, FirstStep);
        // From the end backwards, in steps that grow: most of the log is never read, and small events do not mean many calls.
        while (start >= first)
        {
            var after = Math.Max(first - 1, start - step);
            var sizes = await MeasureAsync(sandbox, tenant, run.Id, after, start, time, cancellationToken);
            for (; sizes.Count > 0; start--)
            {
                bytes += sizes.Pop();
                if (bytes >= wanted) return start - 1;
            }

            if (start > after) return start;
            step *= 2;
        }

        return first - 1;
    }

    /// <summary>The bytes of each event after one <c>seq</c> up to another, the last on top. Events that were evicted meanwhile are missing at the bottom.</summary>
    private static async Task<Stack<int>> MeasureAsync(
        ISandboxGrain sandbox, TenantId tenant, RunId run, long after, long last, TimeProvider time, CancellationToken cancellationToken)
    {
        var sizes = new Stack<int>();
        while (after < last)
        {
            EventBatch? page;
            try
            {
                page = await GrainCallRetry.RetryLostAsync(() => sandbox.ReadEvents(tenant, run, after, cancellationToken), time, cancellationToken);
            }
            catch (EventsEvictedException gone) when (gone.OldestSeq - 1 > after)
            {
                (after, sizes) = (gone.OldestSeq - 1, new Stack<int>());
                continue;
            }

            if (page is null) return sizes;
            for (var i = 0; i < page.Ends.Length && page.FirstSeq + i <= last; i++) sizes.Push(SizeOf(page, i));
            after = page.LastSeq;
        }

        return sizes;
    }

    private static int SizeOf(EventBatch page, int index) =>
        TerminalFormatter.TryReadData(TerminalFormatter.LineOf(page, index), out var base64) ? System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(base64.Length) : 0;
}
