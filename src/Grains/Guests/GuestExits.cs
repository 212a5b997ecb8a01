using System.Collections.Concurrent;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>Guests that were asked to exit, and whose containers the engine has not reported as dead yet.</summary>
/// <remarks>Thread-safe. An entry lives until its container is removed.</remarks>
internal sealed class GuestExits(TimeSpan limit, TimeProvider time)
{
    private readonly ConcurrentDictionary<SandboxId, TaskCompletionSource> _asked = [];

    /// <summary>Whether guests are asked at all.</summary>
    public bool IsEnabled => limit > TimeSpan.Zero;

    /// <summary>The guest is about to be asked.</summary>
    public void Begin(SandboxId sandbox) => _asked.TryAdd(sandbox, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>The engine reports that the container of this sandbox is dead.</summary>
    public void Complete(SandboxId sandbox)
    {
        if (_asked.TryGetValue(sandbox, out var asked)) asked.TrySetResult();
    }

    /// <summary>Waits until the container is dead, if its guest was asked. After the limit it does not matter any more: removing the container kills it.</summary>
    public async Task WaitAsync(SandboxId sandbox)
    {
        if (!_asked.TryGetValue(sandbox, out var asked)) return;
        using var patience = new CancellationTokenSource(limit, time);
        await asked.Task.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _asked.TryRemove(sandbox, out _);
    }
}
