using System.Collections.Concurrent;
using System.Net;

namespace Podflare.EgressProxy.Sandboxes;

/// <summary>The sandboxes that may use the proxy, by their address on the bridge.</summary>
internal sealed class SandboxTable
{
    private readonly ConcurrentDictionary<IPAddress, RegisteredSandbox> _sandboxes = new();
    private readonly Lock _changes = new();

    public int Count => _sandboxes.Count;

    public RegisteredSandbox? Find(IPAddress address) => _sandboxes.GetValueOrDefault(address);

    /// <summary>Adds a sandbox. Another one that had the address is removed, also if only its list differs.</summary>
    public void Set(IPAddress address, SandboxAccess access)
    {
        lock (_changes)
        {
            var before = _sandboxes.GetValueOrDefault(address);
            if (before?.IsSame(access) is true) return;
            _sandboxes[address] = new RegisteredSandbox(address, access);
            before?.Dispose();
        }
    }

    /// <summary>Removes whatever has the address.</summary>
    public void Remove(IPAddress address)
    {
        lock (_changes)
        {
            if (_sandboxes.TryRemove(address, out var before)) before.Dispose();
        }
    }

    /// <summary>Makes this the whole table.</summary>
    public void Replace(IReadOnlyDictionary<IPAddress, SandboxAccess> sandboxes)
    {
        lock (_changes)
        {
            foreach (var address in _sandboxes.Keys.Where(address => !sandboxes.ContainsKey(address)).ToArray()) Remove(address);
            foreach (var (address, access) in sandboxes) Set(address, access);
        }
    }
}
