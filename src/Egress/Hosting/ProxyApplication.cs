using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Podflare.EgressProxy.Addresses;
using Podflare.EgressProxy.Connect;
using Podflare.EgressProxy.Control;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;
using Podflare.EgressProxy.Tunnels;

namespace Podflare.EgressProxy.Hosting;

/// <summary>The proxy as a program: one listener for the sandboxes, one for the worker.</summary>
internal static class ProxyApplication
{
    private const int MaxControlBytes = 64 * 1024 * 1024;

    /// <param name="resolver">Null for the host's own.</param>
    /// <param name="time">Null for the system's clock.</param>
    public static WebApplication Build(ProxySettings settings, INameResolver? resolver = null, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var services = builder.Services;
        services.AddRoutingCore();
        services.AddSingleton(settings).AddSingleton(settings.Options);
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSingleton(resolver ?? new SystemResolver(settings.Options));
        services.AddSingleton<SandboxTable>().AddSingleton<ReportCollector>().AddSingleton<ConnectionLimit>().AddSingleton<HostDialer>().AddSingleton<TunnelTable>();
        services.AddSingleton<ProxyConnectionHandler>();
        services.Configure<SocketTransportOptions>(transport =>
            (transport.MaxReadBufferSize, transport.MaxWriteBufferSize) = (settings.Options.BufferBytes, settings.Options.BufferBytes));
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxControlBytes;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPEndPoint.Parse(settings.Listen), listener => listener.UseConnectionHandler<ProxyConnectionHandler>());
            kestrel.ListenUnixSocket(settings.ControlSocket, listener => listener.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.UseRouting();
        app.MapControl(app.Services.GetRequiredService<TunnelTable>());
        app.UseEndpoints(static _ => { });
        return app;
    }
}
