namespace Podflare.Containers;

/// <summary>A token that is cancelled by the caller or when the time for one engine call is over.</summary>
internal sealed class EngineLimit : IDisposable
{
    private readonly CancellationTokenSource _time;
    private readonly CancellationTokenSource _either;

    public EngineLimit(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _time = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_time.Token, caller);
    }

    public CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _either.Dispose();
        _time.Dispose();
    }
}
