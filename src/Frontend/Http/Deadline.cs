namespace Podflare.Http;

/// <summary>A time limit for an operation, which is also cancelled when the client disconnects.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _left;

    public Deadline(double seconds, TimeProvider time, CancellationToken clientLeft)
    {
        _source = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), time);
        _left = clientLeft.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        ClientLeft = clientLeft;
        Time = time;
    }

    public CancellationToken Token => _source.Token;

    public CancellationToken ClientLeft { get; }

    public TimeProvider Time { get; }

    /// <summary>Whether the time is over and the client is still connected.</summary>
    public bool Passed => _source.IsCancellationRequested && !ClientLeft.IsCancellationRequested;

    public void Dispose()
    {
        _left.Dispose();
        _source.Dispose();
    }
}
