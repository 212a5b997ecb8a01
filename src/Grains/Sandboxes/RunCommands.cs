using Podflare.Guests;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

/// <summary>What is sent to runs that are under way: interrupts, signals, input, sizes, answers to their calls of tools.</summary>
internal sealed class RunCommands(SandboxRecords records, SandboxRuns runs, GuestRequestSender sender, SandboxSettings settings)
{
    /// <param name="grace">Null for the run's own.</param>
    public async Task InterruptAsync(GuestPort port, RunId run, TimeSpan? grace, CancellationToken cancellationToken)
    {
        var entry = runs.Table.Find(run);
        var record = entry?.Events?.Record;
        entry?.Interrupted = true;
        using var span = Spans.Start(Spans.RunInterrupt, record?.Trace?.ToBinding() ?? records.Trace);
        records.Describe(span)?.SetTag(Spans.RunId, run.Value);
        await sender.SendAsync(port, new InterruptGuestRun(run, grace ?? record?.Details?.Grace ?? settings.Grace), cancellationToken);
    }

    /// <returns>Bytes that the run's standard input has accepted in all.</returns>
    public async Task<long> WriteStdinAsync(GuestPort port, RunId run, StdinChunk chunk, CancellationToken cancellationToken)
    {
        RunLimits.Guard(chunk, settings.Runs);
        var entry = await FindOpenAsync(run, cancellationToken);
        var taken = await sender.SendNewAsync(port, new WriteGuestStdin(run, chunk.Bytes, chunk.IsEnd, chunk.Offset), cancellationToken);
        var offset = taken.Offset ?? throw new SandboxUnreachableException();
        entry.StdinOffset = Math.Max(entry.StdinOffset ?? 0, offset);
        return offset;
    }

    public async Task SignalAsync(GuestPort port, RunId run, string signal, SignalScope scope, CancellationToken cancellationToken)
    {
        RunLimits.Guard(signal, scope);
        // What a run has left behind is reached by its lineage, also after its end.
        if (scope is SignalScope.All) await FindAsync(run, cancellationToken);
        else await FindOpenAsync(run, cancellationToken);
        await sender.SendNewAsync(port, new SignalGuestRun(run, signal, scope), cancellationToken);
    }

    public async Task ResizeAsync(GuestPort port, RunId run, TerminalSize size, CancellationToken cancellationToken)
    {
        RunLimits.Guard(size);
        await FindOpenAsync(run, cancellationToken);
        await sender.SendNewAsync(port, new ResizeGuestTerminal(run, size), cancellationToken);
    }

    /// <summary>Passes answers to calls of tools on. What one of them becomes does not depend on the others.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<ToolAnswerOutcome[]> AnswerAsync(GuestPort port, RunId run, ToolAnswer[] answers, CancellationToken cancellationToken)
    {
        ToolLimits.Guard(answers, settings.Tools);
        var outcomes = new ToolAnswerOutcome[answers.Length];
        if (await FindAsync(run, cancellationToken) is { Ended: true })
        {
            Array.Fill(outcomes, ToolAnswerOutcome.Closed);
            return outcomes;
        }

        for (var index = 0; index < answers.Length; index++) outcomes[index] = await AnswerAsync(port, run, answers[index], cancellationToken);
        return outcomes;
    }

    /// <summary>Asks for contexts, or changes one.</summary>
    public Task<GuestTaken> SendAsync(GuestPort port, GuestContextRequest request, CancellationToken cancellationToken)
    {
        RunLimits.GuardGrace(request.Grace, settings.Runs);
        if (request.Spec is { } spec) SandboxLimits.Guard(spec, settings.Sandboxes);
        if (request.Action is ContextAction.Interrupt) request = request with { Grace = request.Grace ?? settings.Grace };
        return sender.SendNewAsync(port, request, cancellationToken);
    }

    private async Task<ToolAnswerOutcome> AnswerAsync(GuestPort port, RunId run, ToolAnswer answer, CancellationToken cancellationToken)
    {
        if (ToolCallId.NumberOf(answer.CallId) is not { } call) return ToolAnswerOutcome.NotFound;
        try
        {
            await sender.SendNewAsync(port, new AnswerGuestToolCall(run, call, answer.IsError, answer.Content), cancellationToken);
            return ToolAnswerOutcome.Accepted;
        }
        catch (ToolCallNotFoundException)
        {
            return ToolAnswerOutcome.NotFound;
        }
        catch (ToolCallClosedException)
        {
            return ToolAnswerOutcome.Closed;
        }
    }

    private async Task<RunEntry> FindAsync(RunId run, CancellationToken cancellationToken) =>
        await runs.FindAsync(run, cancellationToken) ?? throw new RunNotFoundException();

    private async Task<RunEntry> FindOpenAsync(RunId run, CancellationToken cancellationToken) =>
        await FindAsync(run, cancellationToken) is { Ended: false } open ? open : throw new RunEndedException();
}
