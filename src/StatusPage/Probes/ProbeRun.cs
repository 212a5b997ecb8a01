using Podflare.Components;

namespace Podflare.Probes;

/// <summary>One execution of one probe against one target.</summary>
internal sealed class ProbeRun(PlatformClient client, string target, ProbeOptions options, TimeProvider time)
{
    private static readonly TimeSpan DeleteLimit = TimeSpan.FromSeconds(5);

    private readonly List<Sample> _samples = [];
    private readonly List<Latency> _latencies = [];

    public async Task<ProbeResult> ReadyAsync(string component, CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        try
        {
            using var limit = Limit(options.ReadyLimitSeconds, cancellationToken);
            var ms = await MeasureAsync(() => client.ReadyAsync(component == Ids.Api, limit.Token));
            AddSuccess(component, at, ms, options.SlowReadyMilliseconds, component);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Cause(e) is not null)
        {
            AddFailure(component, at, FailureClassifier.Cause(e)!);
        }

        return new ProbeResult(_samples, _latencies);
    }

    /// <summary>Creates a sandbox, runs code in it, checks the events, and deletes it.</summary>
    public async Task<ProbeResult> RunAsync(CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        using var limit = Limit(options.RunLimitSeconds, cancellationToken);
        await WithSandboxAsync(Ids.CodeExecution, at, limit, async sandbox =>
        {
            var nonce = Guid.NewGuid().ToString("N");
            var began = time.GetTimestamp();
            using var response = await client.ExecAsync(sandbox, $"print(\"{nonce}\")", limit.Token);
            var events = new List<RunEvent>();
            await foreach (var e in PlatformClient.ReadAsync(response, limit.Token))
            {
                if (events.Count == 0) AddLatency("first_event", at, ElapsedMilliseconds(began));
                events.Add(e);
            }

            var right = events is [{ Type: "stdout", Seq: 1 }, { Type: "exit", Seq: 2 }] && Text(events[0]) == $"{nonce}\n" && Exit(events[1]) == 0;
            if (!right) throw new ProbeException("wrong_output");
            AddSuccess(Ids.CodeExecution, at, ElapsedMilliseconds(began), options.SlowRunMilliseconds, "run");
        }, cancellationToken);
        return new ProbeResult(_samples, _latencies);
    }

    /// <summary>Closes the connection after the second event and reads the remaining events on a new one.</summary>
    public async Task<ProbeResult> ReplayAsync(CancellationToken cancellationToken)
    {
        const int lines = 6;
        var at = time.GetUtcNow();
        using var limit = Limit(options.RunLimitSeconds, cancellationToken);
        await WithSandboxAsync(Ids.EventStreaming, at, limit, async sandbox =>
        {
            var nonce = Guid.NewGuid().ToString("N");
            var code = $"import time\nfor i in range({lines}):\n    print(\"{nonce}\", i, flush=True)\n    time.sleep(0.05)";
            string run;
            using (var first = await client.ExecAsync(sandbox, code, limit.Token))
            {
                run = first.Headers.TryGetValues("Podflare-Run-Id", out var ids) ? ids.First() : throw new ProbeException("wrong_output");
                await foreach (var e in PlatformClient.ReadAsync(first, limit.Token))
                {
                    if (e.Seq >= 2) break;
                }
            }

            var began = time.GetTimestamp();
            using var second = await client.EventsAsync(sandbox, run, 2, limit.Token);
            double? ms = null;
            var next = 3L;
            await foreach (var e in PlatformClient.ReadAsync(second, limit.Token))
            {
                ms ??= ElapsedMilliseconds(began);
                var right = e.Seq == next && (next <= lines ? e.Type == "stdout" && Text(e) == $"{nonce} {next - 1}\n" : e.Type == "exit" && Exit(e) == 0);
                if (!right) throw new ProbeException("wrong_output");
                next++;
            }

            if (next != lines + 2) throw new ProbeException("wrong_output");
            AddSuccess(Ids.EventStreaming, at, ms!.Value, options.SlowReplayMilliseconds, "replay");
        }, cancellationToken);
        return new ProbeResult(_samples, _latencies);
    }

    private async Task WithSandboxAsync(
        string component, DateTimeOffset at, CancellationTokenSource limit, Func<string, Task> act, CancellationToken cancellationToken)
    {
        // The replay probe does not measure the Sandboxes component; the run probe does.
        var countsCreate = component == Ids.CodeExecution;
        string? sandbox = null;
        try
        {
            var ms = await MeasureAsync(async () => sandbox = await client.CreateAsync(limit.Token));
            if (countsCreate) AddLatency("create", at, ms);
            await AttemptAsync(component, at, () => act(sandbox!), cancellationToken);
            var deleted = await AttemptAsync(countsCreate ? Ids.Sandboxes : null, at, () => DeleteAsync(sandbox!, at, countsCreate), cancellationToken);
            if (deleted && countsCreate) AddSuccess(Ids.Sandboxes, at, ms, options.SlowCreateMilliseconds, null);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Cause(e) is not null)
        {
            var cause = FailureClassifier.Cause(e)!;
            if (countsCreate) AddFailure(Ids.Sandboxes, at, cause);
            // Without a new sandbox it is unknown whether code runs in existing ones, unless no request gets through at all.
            if (FailureClassifier.IsConnection(cause)) AddFailure(component, at, cause);
            else _samples.Add(new Sample(component, target, at, Outcome.NoData, "no_sandbox", null));
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested && sandbox is not null)
            {
                // The process is stopping; the sandbox must be deleted nevertheless.
                using var last = new CancellationTokenSource(DeleteLimit, time);
                await client.DeleteAsync(sandbox, last.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> AttemptAsync(string? component, DateTimeOffset at, Func<Task> act, CancellationToken cancellationToken)
    {
        try
        {
            await act();
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Cause(e) is not null)
        {
            if (component is not null) AddFailure(component, at, FailureClassifier.Cause(e)!);
            return false;
        }
    }

    private async Task DeleteAsync(string sandbox, DateTimeOffset at, bool counts)
    {
        using var limit = new CancellationTokenSource(DeleteLimit, time);
        var ms = await MeasureAsync(() => client.DeleteAsync(sandbox, limit.Token));
        if (counts) AddLatency("destroy", at, ms);
    }

    private void AddSuccess(string component, DateTimeOffset at, double ms, double slow, string? series)
    {
        _samples.Add(new Sample(component, target, at, ms > slow ? Outcome.Slow : Outcome.Ok, null, ms));
        if (series is not null) AddLatency(series, at, ms);
    }

    private void AddFailure(string component, DateTimeOffset at, string cause) =>
        _samples.Add(new Sample(component, target, at, cause == ProbeException.KeyRejected ? Outcome.NoData : Outcome.Fail, cause, null));

    private void AddLatency(string series, DateTimeOffset at, double ms) => _latencies.Add(new Latency(series, at, ms));

    private static CancellationTokenSource Limit(double seconds, CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        return limit;
    }

    private async Task<double> MeasureAsync(Func<Task> act)
    {
        var began = time.GetTimestamp();
        await act();
        return ElapsedMilliseconds(began);
    }

    private double ElapsedMilliseconds(long began) => time.GetElapsedTime(began).TotalMilliseconds;

    private static string? Text(RunEvent e) => e.Data.ValueKind == System.Text.Json.JsonValueKind.String ? e.Data.GetString() : null;

    private static int? Exit(RunEvent e) => e.Data.ValueKind == System.Text.Json.JsonValueKind.Number && e.Data.TryGetInt32(out var code) ? code : null;
}
