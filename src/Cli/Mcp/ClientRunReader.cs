using System.Text;
using Podflare.Mcp;

namespace Podflare.Cli.Mcp;

/// <summary>Reads a run for a tool, and resumes a broken connection.</summary>
internal sealed class ClientRunReader : IRunReader
{
    private readonly SandboxRun _run;
    private readonly Func<Exception, RefusedException> _refuse;
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<SandboxEvent> _events;
    private Task<bool>? _next;

    public ClientRunReader(SandboxRun run, long after, Func<Exception, RefusedException> refuse) =>
        (_run, _refuse, _events) = (run, refuse, run.ReadEventsAsync(after, cancellationToken: _stop.Token).GetAsyncEnumerator(_stop.Token));

    public string RunId => _run.Id;

    public IReadOnlyList<string> Warnings => _run.Warnings;

    public bool ReplRestarted => _run.ReplRestarted;

    public async Task<IReadOnlyList<RunEvent>?> NextAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        _next ??= _events.MoveNextAsync().AsTask();
        try
        {
            await ((Task)_next).WaitAsync(wait, cancellationToken);
        }
        catch (TimeoutException) when (!_next.IsCompleted)
        {
            return null;
        }
        catch (PodflareException e)
        {
            throw _refuse(e);
        }

        _next = null;
        return [Convert(_events.Current)];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // An enumerator must not be disposed during a move.
        if (_next is not null) await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _events.DisposeAsync();
        _run.Dispose();
        _stop.Dispose();
    }

    private static RunEvent Convert(SandboxEvent e) => e switch
    {
        StdoutEvent stdout => new RunText(e.Seq, stdout.Bytes is { } bytes ? Encoding.UTF8.GetString(bytes) : stdout.Data, IsError: false),
        StderrEvent stderr => new RunText(e.Seq, stderr.Bytes is { } bytes ? Encoding.UTF8.GetString(bytes) : stderr.Data, IsError: true),
        TerminalEvent terminal => new RunText(e.Seq, Encoding.UTF8.GetString(terminal.Data.Span), IsError: false),
        ResultEvent result => new RunValue(e.Seq, result.Data),
        ExitEvent exit => new RunEnd(e.Seq, exit.Code, exit.ReasonWord, exit.Signal, exit.StateLost, exit.Error is { } error ? new RunFault(error.Name, error.Value, error.Traceback) : null),
        _ => new RunEvent(e.Seq),
    };
}
