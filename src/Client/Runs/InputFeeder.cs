using System.Text;

namespace Podflare;

/// <summary>Writes the standard input of a run while its events are read.</summary>
internal sealed class InputFeeder
{
    private readonly SandboxRun _run;
    private readonly RunInput? _input;
    private readonly CancellationTokenSource _leaving;
    private readonly Task _writing;
    private bool _isClosed;

    /// <param name="leaving">Ends the writing; canceled when the writing fails.</param>
    public InputFeeder(SandboxRun run, RunInput? input, CancellationTokenSource leaving)
    {
        (_run, _input, _leaving) = (run, input, leaving);
        _writing = input?.Content is { } content ? WriteAsync(content) : Task.CompletedTask;
    }

    /// <summary>Why the writing ended early.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Answers a request for a line, if the caller has provided answers.</summary>
    public async Task AnswerAsync(InputRequestEvent request)
    {
        if (_input?.Answer is not { } answer || _isClosed) return;
        try
        {
            var line = await answer(request, _leaving.Token).ConfigureAwait(false);
            _isClosed = line is null;
            if (line?.EndsWith('\n') == false) line += '\n';
            await IgnoreEndAsync(_run.WriteStdinAsync(Encoding.UTF8.GetBytes(line ?? ""), endOfFile: _isClosed, _leaving.Token)).ConfigureAwait(false);
        }
        catch
        {
            // Without an answer, the run would wait forever.
            await _leaving.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    public Task EndAsync() => _writing;

    private async Task WriteAsync(ReadOnlyMemory<byte> content)
    {
        // The constructor returns before the first write.
        await Task.Yield();
        try
        {
            await IgnoreEndAsync(_run.WriteStdinAsync(content, endOfFile: true, _leaving.Token)).ConfigureAwait(false);
        }
        catch (Exception e) when (!_leaving.IsCancellationRequested)
        {
            Failure = e;
            await _leaving.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception) when (_leaving.IsCancellationRequested)
        {
            // Nobody reads the run any more.
        }
    }

    /// <summary>A run that ends, or closes its standard input, before it has read everything is no failure.</summary>
    private static async Task IgnoreEndAsync(Task writing)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        catch (Exception e) when (e is RunEndedException or StdinClosedException)
        {
        }
    }
}
