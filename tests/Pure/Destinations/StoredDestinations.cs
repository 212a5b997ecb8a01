using System.Collections.Concurrent;
using System.Collections.Immutable;
using Podflare.Secrets;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>Destinations as a store has them, which may be away.</summary>
internal sealed class StoredDestinations : IDestinationReader
{
    private static readonly SecretBox Box = new(new byte[32]);

    private readonly ConcurrentDictionary<TenantId, StoredDestination> _stored = new();

    public bool IsAway { get; set; }

    public void Set(string tenant, Uri endpoint, string key = "k", params string[] signals) => Set(tenant, endpoint, key, false, signals);

    public void Set(string tenant, Uri endpoint, bool capture, params string[] signals) => Set(tenant, endpoint, "k", capture, signals);

    private void Set(string tenant, Uri endpoint, string key, bool capture, string[] signals) => _stored[new TenantId(tenant)] = new StoredDestination
    {
        Endpoint = endpoint.ToString(),
        Headers = DestinationHeaders.Seal(Box, new TenantId(tenant), ImmutableSortedDictionary<string, string>.Empty.Add("x-key", key)),
        Signals = signals.Length == 0 ? ["traces", "logs", "metrics"] : [.. signals],
        CaptureContent = capture,
        Redact = [@"\d{4}"],
    };

    public void Remove(string tenant) => _stored.TryRemove(new TenantId(tenant), out _);

    public Task<StoredDestination?> ReadAsync(TenantId tenant) => IsAway ? throw new StorageUnavailableException() : Task.FromResult(_stored.GetValueOrDefault(tenant));
}
