namespace Podflare.Content;

/// <summary>Code and output of one run, as far as they may be sent: in memory only. One user at a time.</summary>
internal sealed class RunContent
{
    private readonly ContentBudget _budget;
    private readonly TextWindow?[] _windows = new TextWindow?[3];
    private int _taken;

    private RunContent(ContentBudget budget, IReadOnlyCollection<string> env) => (_budget, Env) = (budget, env);

    /// <summary>The values of the environment variables that the run has.</summary>
    public IReadOnlyCollection<string> Env { get; }

    /// <summary>Something did not fit into memory.</summary>
    public bool IsIncomplete { get; private set; }

    public TextWindow? Code => _windows[0];

    public TextWindow? Stdout => _windows[1];

    public TextWindow? Stderr => _windows[2];

    private int HeadBytes => _budget.MaxBytes;

    private int TailBytes => 2 * _budget.MaxBytes;

    public static RunContent Begin(ContentBudget budget, ReadOnlySpan<byte> code, IReadOnlyCollection<string> env)
    {
        var content = new RunContent(budget, env);
        content.Add(0, code);
        return content;
    }

    public void AddOutput(ReadOnlySpan<byte> bytes, bool isError) => Add(isError ? 2 : 1, bytes);

    /// <summary>It is not needed any more. Safe to repeat.</summary>
    public void Release() => _budget.Release(Interlocked.Exchange(ref _taken, 0));

    private void Add(int place, ReadOnlySpan<byte> bytes)
    {
        if (_windows[place] is not { } window)
        {
            if (!_budget.TryTake(HeadBytes + TailBytes))
            {
                IsIncomplete = true;
                return;
            }

            _taken += HeadBytes + TailBytes;
            _windows[place] = window = new TextWindow(HeadBytes, TailBytes);
        }

        window.Add(bytes);
    }
}
