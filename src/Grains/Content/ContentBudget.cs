using Microsoft.Extensions.Options;

namespace Podflare.Content;

/// <summary>The memory that code and output of runs take in this process. Thread-safe.</summary>
internal sealed class ContentBudget(IOptions<ContentOptions> options)
{
    private long _taken;

    public int MaxBytes => options.Value.MaxBytes;

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= options.Value.MaxPendingBytes) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void Release(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
