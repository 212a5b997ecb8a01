using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Terminals;

/// <summary>Reads the output of a terminal by long polling.</summary>
internal sealed class TerminalReader(IGrainFactory grains, RunReader reader, JsonBodyReader bodies, IOptions<HttpOptions> options, IOptions<RunOptions> limits, TimeProvider time)
{
    private const int DefaultBytes = 64 * 1024;
    private const int MaxWaitMilliseconds = 30_000;

    /// <summary>Waits for output after an event, at most until the time is over, and returns what there is.</summary>
    public async Task<TerminalOutputJson> ReadAsync(HttpContext context, TenantId tenant, SandboxId id, RunId run)
    {
        Query query;
        using (var body = await bodies.ReadAsync(context)) query = Parse(body.Utf8, limits.Value.TerminalReplayBytes);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, context.RequestAborted);
        var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
        var info = await GrainCallRetry.RetryLostAsync(() => sandbox.GetRun(tenant, run), time, deadline.Token);
        if (!info.IsTerminal) throw new NotATerminalException();
        var output = new Output(query.After, query.MaxBytes);
        var page = await GrainCallRetry.RetryLostAsync(() => sandbox.ReadEvents(tenant, run, query.After, deadline.Token), time, deadline.Token);
        if ((page is not null && output.Add(page)) || query.WaitMilliseconds == 0) return output.ToJson();
        // The answer has to leave before the time for it is over.
        var wait = TimeSpan.FromMilliseconds(Math.Min(query.WaitMilliseconds, options.Value.AnswerSeconds * 1_000 * 0.8));
        using var limit = new TimeLimit(wait, time, context.RequestAborted);
        await using var events = reader.Open(tenant, id, run, output.LastSeq, expectStart: false, pollWhenFull: null, context.RequestAborted);
        while (await events.WaitAsync(limit.Remaining))
        {
            if (output.Add(await events.NextAsync())) break;
        }

        return output.ToJson();
    }

    private static Query Parse(ReadOnlySpan<byte> utf8, int maxBytes) => JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
    {
        var (after, bytes, wait) = (0L, Math.Min(DefaultBytes, maxBytes), 0);
        while (fields.Next())
        {
            if (fields.Is("since_seq")) after = fields.Whole(0, long.MaxValue) ?? after;
            else if (fields.Is("max_bytes")) bytes = (int)(fields.Whole(1, maxBytes) ?? bytes);
            else if (fields.Is("timeout_ms")) wait = (int)(fields.Whole(0, MaxWaitMilliseconds) ?? wait);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        return new Query(after, bytes, wait);
    });

    private sealed record Query(long After, int MaxBytes, int WaitMilliseconds);

    /// <summary>What was read so far.</summary>
    private sealed class Output(long after, int maxBytes)
    {
        private readonly MemoryStream _bytes = new();
        private int? _exitCode;

        public long LastSeq { get; private set; } = after;

        /// <returns>Whether there is something to answer with.</returns>
        public bool Add(EventBatch batch)
        {
            for (var i = 0; i < batch.Ends.Length; i++)
            {
                var line = TerminalFormatter.LineOf(batch, i);
                if (TerminalFormatter.TryReadData(line, out var base64))
                {
                    var data = Convert.FromBase64String(Encoding.ASCII.GetString(base64));
                    // One event is returned even if it is larger, so that a reader always gets on.
                    if (_bytes.Length > 0 && _bytes.Length + data.Length > maxBytes) return true;
                    _bytes.Write(data);
                }
                else if (TerminalFormatter.TryReadExit(line, out var digits))
                {
                    _exitCode = int.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                }

                LastSeq = batch.FirstSeq + i;
            }

            return _bytes.Length > 0 || _exitCode is not null;
        }

        public TerminalOutputJson ToJson() => new(Convert.ToBase64String(_bytes.GetBuffer(), 0, (int)_bytes.Length), LastSeq, _exitCode);
    }
}
