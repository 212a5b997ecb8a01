using System.Collections.Concurrent;
using Podflare.Http;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.E2b;

/// <summary>The tokens of sandboxes, remembered for a minute so that most calls need no further grain call. Thread-safe.</summary>
internal sealed class SandboxTokens(IGrainFactory grains, TimeProvider time)
{
    private const int MaxEntries = 10_000;
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<SandboxId, Known> _known = [];

    /// <exception cref="SandboxNotFoundException">There is no such sandbox.</exception>
    /// <exception cref="SandboxEndedException">It had ended when it was last looked at.</exception>
    public async ValueTask<SandboxAccess> FindAsync(SandboxId id, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(id, out var known) && known.Until > time.GetUtcNow()) return known.Access;
        return Remember(id, await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetCredentials(), time, cancellationToken));
    }

    /// <summary>The tokens for the owner of a sandbox; it gets them with the first call.</summary>
    /// <exception cref="SandboxNotFoundException">Not a sandbox of this tenant.</exception>
    public async Task<SandboxAccess> EnsureAsync(TenantId tenant, SandboxId id, CancellationToken cancellationToken) =>
        Remember(id, await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).EnsureCredentials(tenant, cancellationToken), time, cancellationToken));

    private SandboxAccess Remember(SandboxId id, SandboxCredentials credentials)
    {
        var now = time.GetUtcNow();
        if (_known.Count >= MaxEntries)
        {
            foreach (var (sandbox, old) in _known)
                if (old.Until <= now) _known.TryRemove(sandbox, out _);
            if (_known.Count >= MaxEntries) _known.Clear();
        }

        var access = new SandboxAccess(credentials);
        _known[id] = new Known(access, now + KeptFor);
        return access;
    }

    private sealed record Known(SandboxAccess Access, DateTimeOffset Until);
}
