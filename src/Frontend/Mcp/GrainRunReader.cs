using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.Mcp;

/// <summary>Reads a run for a tool.</summary>
/// <param name="first">Events that were read before; null for none.</param>
/// <param name="events">Null if <paramref name="first"/> has the exit.</param>
/// <param name="refuse">Turns a failure into the answer.</param>
internal sealed class GrainRunReader(
    RunId run, EventBatch? first, RunSubscription? events, IReadOnlyList<string> warnings, bool replRestarted, Func<Exception, RefusedException> refuse) : IRunReader
{
    public string RunId => run.Value;

    public IReadOnlyList<string> Warnings => warnings;

    public bool ReplRestarted => replRestarted;

    public async Task<IReadOnlyList<RunEvent>?> NextAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (first is { } batch)
        {
            first = null;
            return EventLines.Parse(batch);
        }

        try
        {
            return await events!.WaitAsync(wait).AsTask().WaitAsync(cancellationToken) ? EventLines.Parse(await events.NextAsync()) : null;
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw refuse(e);
        }
    }

    public ValueTask DisposeAsync() => events?.DisposeAsync() ?? ValueTask.CompletedTask;
}
