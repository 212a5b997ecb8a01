using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <inheritdoc cref="IWatcherExtension"/>
public sealed class WatcherExtension(IGrainContext grain) : IWatcherExtension
{
    // More than may be open at the same time.
    private const int Most = 64;

    private readonly Dictionary<RunId, long> _positions = [];
    private readonly Queue<RunId> _order = [];

    private IProcessHost Host => grain.GrainInstance as IProcessHost ?? throw new InvalidOperationException($"{grain.GrainId} has no runs.");

    public async Task<long> GetPosition(TenantId tenant, RunId watch, CancellationToken cancellationToken)
    {
        await Host.AttachAsync(tenant, cancellationToken);
        return _positions.GetValueOrDefault(watch);
    }

    public async Task SetPosition(TenantId tenant, RunId watch, long position, CancellationToken cancellationToken)
    {
        await Host.AttachAsync(tenant, cancellationToken);
        if (!_positions.ContainsKey(watch))
        {
            if (_order.Count == Most) _positions.Remove(_order.Dequeue());
            _order.Enqueue(watch);
        }

        _positions[watch] = Math.Max(position, _positions.GetValueOrDefault(watch));
    }
}
