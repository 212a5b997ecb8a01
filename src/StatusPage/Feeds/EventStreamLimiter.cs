using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Podflare.Configuration;

namespace Podflare.Feeds;

/// <summary>Limits the concurrent readers of <c>/events</c>, in total and per client address.</summary>
internal sealed class EventStreamLimiter(IOptions<StatusOptions> options)
{
    private readonly ConcurrentDictionary<string, int> _byAddress = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool TryAcquire(string address)
    {
        if (Interlocked.Increment(ref _count) > options.Value.MaxEventReaders)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        if (_byAddress.AddOrUpdate(address, 1, (_, n) => n + 1) <= options.Value.MaxEventReadersPerAddress) return true;
        Release(address);
        return false;
    }

    public void Release(string address)
    {
        Interlocked.Decrement(ref _count);
        if (_byAddress.AddOrUpdate(address, 0, (_, n) => n - 1) <= 0) _byAddress.TryRemove(new KeyValuePair<string, int>(address, 0));
    }
}
