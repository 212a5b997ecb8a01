using System.Net.Sockets;
using System.Text.Json;
using Podflare.EgressProxy.Control;
using Podflare.EgressProxy.Hosting;
using Podflare.EgressProxy.Settings;
using var input = Console.OpenStandardInput();
using var lines = new StreamReader(input);

// The worker starts this program and tells it everything over standard input, so that neither its arguments nor its environment hold anything.
if (await lines.ReadLineAsync() is not { } line || JsonSerializer.Deserialize(line, ProxyJson.Default.ProxySettings) is not { } settings)
{
    await Console.Error.WriteLineAsync("podflare: the egress proxy is started by a worker, which writes its settings to standard input");
    return 2;
}

ProxySocket.Prepare(settings.ControlSocket);
await using var app = ProxyApplication.Build(settings);
try
{
    await app.StartAsync();
}
catch (Exception e) when (e is IOException or SocketException)
{
    await Console.Error.WriteLineAsync($"podflare: the egress proxy cannot listen: {e.Message}");
    return 1;
}

if (settings.User is { } user) Privileges.ChangeTo(user);
// Only now does the worker register sandboxes, and everyone else is refused.
await Console.Out.WriteLineAsync(ProxySettings.Ready);
while (await lines.ReadLineAsync() is not null)
{
    // The worker has nothing more to say; the end of its input is the end of the worker.
}

// Tunnels are not waited for: nobody supervises them any more.
return 0;
