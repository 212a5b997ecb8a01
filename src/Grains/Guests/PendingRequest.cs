namespace Podflare.Guests;

/// <summary>A request that waits for its answer, over as many connections as it takes.</summary>
/// <param name="isRepeatable">Whether it is sent again on the next connection.</param>
internal sealed class PendingRequest(RequestFrame frame, bool isRepeatable)
{
    // Completed outside all locks. A grain that waits is resumed by its own scheduler, without another thread in between.
    private readonly TaskCompletionSource<GuestAnswer> _answer = new();

    public RequestFrame Frame { get; } = frame;

    public bool IsRepeatable => isRepeatable;

    public Task<GuestAnswer> Answer => _answer.Task;

    /// <summary>The connection that carried it last, and its number there.</summary>
    public (GuestConnection? Connection, ulong Number) Sent { get; set; }

    public void Complete(GuestAnswer answer) => _answer.TrySetResult(answer);

    public void Fail(Exception error) => _answer.TrySetException(error);
}
