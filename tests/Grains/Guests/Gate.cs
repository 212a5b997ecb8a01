namespace Podflare.Guests;

/// <summary>Holds programs until the test opens it.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Opened => _opened.Task;

    public void Open() => _opened.TrySetResult();
}
