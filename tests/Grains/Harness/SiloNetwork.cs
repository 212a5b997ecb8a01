using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace Podflare.Harness;

/// <summary>One silo's connections to others: they can be cut, as if its machine had lost power.</summary>
internal sealed class SiloNetwork
{
    private readonly Lock _lock = new();
    private readonly List<WeakReference<ConnectionContext>> _connections = [];
    private readonly List<IConnectionListener> _listeners = [];
    private bool _isCut;

    public async Task CutAsync()
    {
        ConnectionContext[] connections;
        IConnectionListener[] listeners;
        lock (_lock)
        {
            _isCut = true;
            connections = [.. _connections.Select(weak => weak.TryGetTarget(out var connection) ? connection : null).OfType<ConnectionContext>()];
            listeners = [.. _listeners];
        }

        foreach (var listener in listeners) await listener.UnbindAsync();
        foreach (var connection in connections) connection.Abort(new ConnectionAbortedException("The test has cut this silo's network."));
    }

    /// <summary>Puts this network between the silo and the transport that its services have.</summary>
    public void Decorate(IServiceCollection services)
    {
        var transports = services.Where(service => service.IsKeyedService && (service.ServiceType == typeof(IConnectionFactory) || service.ServiceType == typeof(IConnectionListenerFactory))).ToArray();
        if (transports.Length < 3) throw new InvalidOperationException("The transport of test silos is not where it used to be.");
        foreach (var transport in transports)
        {
            var make = transport.KeyedImplementationFactory ?? throw new InvalidOperationException("The transport of test silos is not made by a factory.");
            services.Remove(transport);
            services.Add(transport.ServiceType == typeof(IConnectionFactory)
                ? ServiceDescriptor.KeyedSingleton<IConnectionFactory>(transport.ServiceKey, (provider, key) => new Connector(this, (IConnectionFactory)make(provider, key)))
                : ServiceDescriptor.KeyedSingleton<IConnectionListenerFactory>(transport.ServiceKey, (provider, key) => new Binder(this, (IConnectionListenerFactory)make(provider, key))));
        }
    }

    private ConnectionContext Enter(ConnectionContext connection)
    {
        lock (_lock)
        {
            _connections.RemoveAll(weak => !weak.TryGetTarget(out _));
            _connections.Add(new WeakReference<ConnectionContext>(connection));
            if (!_isCut) return connection;
        }

        connection.Abort();
        throw new ConnectionFailedException("The test has cut this silo's network.");
    }

    private sealed class Connector(SiloNetwork network, IConnectionFactory inner) : IConnectionFactory
    {
        public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            if (network._isCut) throw new ConnectionFailedException("The test has cut this silo's network.");
            return network.Enter(await inner.ConnectAsync(endpoint, cancellationToken));
        }
    }

    private sealed class Binder(SiloNetwork network, IConnectionListenerFactory inner) : IConnectionListenerFactory
    {
        public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            var listener = new Listener(network, await inner.BindAsync(endpoint, cancellationToken));
            lock (network._lock) network._listeners.Add(listener);
            return listener;
        }
    }

    private sealed class Listener(SiloNetwork network, IConnectionListener inner) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await inner.AcceptAsync(cancellationToken) is { } connection ? network.Enter(connection) : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
