using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Podflare;

/// <summary>Starts runs of every kind in one sandbox. A canceled call interrupts its run.</summary>
internal sealed class RunLauncher(SandboxScope scope)
{
    public async Task<RunResult> RunAsync(RunStart start, CancellationToken cancellationToken)
    {
        var result = new ResultBuilder(scope.Transport.Options.MaxResultCharacters, start.Body.TimeoutSeconds);
        SandboxRun? run = null;
        ExitEvent? exit = null;
        await foreach (var e in StreamAsync(start, started => run = started, cancellationToken).ConfigureAwait(false))
        {
            result.Add(e);
            exit = e as ExitEvent;
        }

        return result.Build(run!, exit!);
    }

    public IAsyncEnumerable<SandboxEvent> StreamAsync(RunStart start, CancellationToken cancellationToken) => StreamAsync(start, static _ => { }, cancellationToken);

    /// <exception cref="ArgumentException">The input is not <see cref="RunInput.Open"/>.</exception>
    public Task<SandboxRun> StartAsync(RunStart start, CancellationToken cancellationToken)
    {
        // Nothing would write it, so the run would wait for it forever.
        if (start.Input is { IsOpen: false }) throw new ArgumentException("A run that is only started accepts RunInput.Open. Write its input with SandboxRun.WriteStdinAsync.");
        return StartAsync(start, span: null, cancellationToken);
    }

    private async IAsyncEnumerable<SandboxEvent> StreamAsync(RunStart start, Action<SandboxRun> started, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var span = StartSpan(start);
        SandboxRun run;
        try
        {
            run = await StartAsync(start, span, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            span.Fail(e);
            throw;
        }

        using var _ = run;
        started(run);
        // A failure to write standard input must end the reading: the run would wait for its input forever.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var feeder = new InputFeeder(run, start.Input, leaving);
        var tools = new ToolAnswers(run, start.Tools, scope, leaving.Token);
        await using var events = run.ReadEventsAsync(cancellationToken: leaving.Token).GetAsyncEnumerator(leaving.Token);
        var ended = false;
        try
        {
            while (!ended)
            {
                try
                {
                    if (!await events.MoveNextAsync().ConfigureAwait(false)) throw new UnreachableException("Reading ends with an exit event or throws.");
                    if (events.Current is InputRequestEvent request) await feeder.AnswerAsync(request).ConfigureAwait(false);
                    else if (events.Current is ToolRequestEvent call) tools.Begin(call);
                }
                catch (OperationCanceledException) when (feeder.Failure is { } failure && !cancellationToken.IsCancellationRequested)
                {
                    span.Fail(failure);
                    throw new InputFailedException(run.Id, failure);
                }
                catch (Exception e)
                {
                    span.Fail(e);
                    throw;
                }

                if (events.Current is ExitEvent exit)
                {
                    ended = true;
                    span?.SetTag(ClientTracing.ExitCode, exit.Code);
                    span?.SetTag(ClientTracing.Reason, exit.Reason?.ToString().ToLowerInvariant());
                }

                yield return events.Current;
            }
        }
        finally
        {
            // This includes a caller that noticed the cancellation itself, between two events.
            if (!ended && leaving.IsCancellationRequested) await InterruptAsync(run).ConfigureAwait(false);
            await leaving.CancelAsync().ConfigureAwait(false);
            await feeder.EndAsync().ConfigureAwait(false);
        }
    }

    private async Task<SandboxRun> StartAsync(RunStart start, Activity? span, CancellationToken cancellationToken)
    {
        var transport = scope.Transport;
        var body = JsonSerializer.SerializeToUtf8Bytes(start.Body, ClientJson.Default.RunBody);
        var call = scope.Call(HttpMethod.Post, $"exec?heartbeat={transport.Options.HeartbeatInterval.TotalSeconds:0}") with
        {
            Content = () => SandboxScope.Json(body),
            IdempotencyKey = ArgumentChecks.KeyOrNew(start.IdempotencyKey),
            Span = span,
        };
        var response = await transport.CallWithUndoAsync(
            call,
            static (answer, _) => Task.FromResult(answer),
            (answer, token) => ToRun(answer, span: null).InterruptAsync(token),
            cause => Log.ExecNotUndone(transport.Logger, cause),
            cancellationToken).ConfigureAwait(false);
        var run = ToRun(response, span);
        span?.SetTag(ClientTracing.RunId, run.Id);
        foreach (var warning in run.Warnings) Log.RunWarning(transport.Logger, run.Id, warning);
        if (run.ReplRestarted) Log.RunWarning(transport.Logger, run.Id, "the Python interpreter was restarted; variables and imports of earlier runs are gone");
        start.OnStarted?.Invoke(run);
        return run;
    }

    private Activity? StartSpan(RunStart start)
    {
        var span = ClientTracing.Start(ClientTracing.RunSpan, scope.TraceParent ?? scope.Transport.TraceParent);
        span?.SetTag(ClientTracing.SandboxId, scope.Id);
        if (start.Language is { } language) span?.SetTag(ClientTracing.Language, language);
        return span;
    }

    private SandboxRun ToRun(HttpResponseMessage response, Activity? span)
    {
        if (ResponseHeaders.RunId(response) is { } id) return new SandboxRun(scope, id, response, span);
        response.Dispose();
        throw new PodflareProtocolException("The server's answer to an exec does not name the run.");
    }

    private async Task InterruptAsync(SandboxRun run)
    {
        using var limit = new CancellationTokenSource(scope.Transport.Options.InterruptTimeout, scope.Transport.Time);
        try
        {
            await run.InterruptAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
        {
            Log.NotInterrupted(scope.Transport.Logger, run.Id, scope.Transport.UndoFailure(e));
        }
    }
}
