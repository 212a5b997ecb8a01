using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool.NamedHosts;

/// <summary>The proxy as a program, without a worker: 200 connections at once, measured against the same transfer without it.</summary>
[Collection(nameof(PublicHost))]
public sealed class ProxyThroughputTests(ITestOutputHelper output)
{
    private const int Connections = 200;
    private const int KibPerConnection = 2_048;
    private const int Rounds = 5;
    private const string Name = "plain.pkg.test";

    [Fact(Timeout = 180_000)]
    public async Task Two_hundred_connections_at_once_transfer_all_their_bytes()
    {
        await using var host = await PublicHost.StartAsync($"pf{RandomNumberGenerator.GetHexString(6, lowercase: true)}");
        var (port, socket) = (Ports.Free(), Path.Combine(TestRun.Folder, $"{Guid.NewGuid():N}"[..8]));
        var program = Path.Combine(Path.GetDirectoryName(TestRun.Program("Frontend"))!, "Podflare.Egress.dll");
        var start = PrivateResolver.Start(PublicHost.Address, "dotnet", program);
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        using var proxy = Process.Start(start)!;
        try
        {
            var settings = new { listen = $"127.0.0.1:{port}", controlSocket = socket, user = 65_533, refused = Array.Empty<string>(), options = new { maxSandboxConnections = Connections } };
            await proxy.StandardInput.WriteLineAsync(JsonSerializer.Serialize(settings));
            await proxy.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            Assert.Equal("ready", await proxy.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            await Script.RunAsync(
                "curl", "-sSf", "--unix-socket", socket, "-X", "PUT", "-H", "Content-Type: application/json", "-d", $$"""{"sandbox":"sbx_1","tenant":"t","allow":["{{Name}}"]}""",
                "http://proxy/sandboxes/127.0.0.1");

            var (plain, proxied) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                plain.Add(await MeasureAsync(() => TransferAsync(new IPEndPoint(IPAddress.Parse(PublicHost.Address), 443), throughProxy: false)));
                proxied.Add(await MeasureAsync(() => TransferAsync(new IPEndPoint(IPAddress.Loopback, port), throughProxy: true)));
            }

            output.WriteLine($"{Connections} connections of {KibPerConnection} KiB, MB/s per round: plain {Figures(plain)}, through the proxy {Figures(proxied)}");
            var memory = (await File.ReadAllLinesAsync($"/proc/{proxy.Id}/status", TestContext.Current.CancellationToken)).Where(line => line.StartsWith("VmHWM", StringComparison.Ordinal) || line.StartsWith("RssAnon", StringComparison.Ordinal));
            output.WriteLine(string.Join(", ", memory));
            // Not a target, but the floor below which something is wrong.
            Assert.True(proxied.Max() > plain.Max() / 20, $"{proxied.Max()} of {plain.Max()}");
        }
        finally
        {
            proxy.StandardInput.Close();
            await proxy.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        }
    }

    private static async Task<double> MeasureAsync(Func<Task<long>> transfer)
    {
        var began = Stopwatch.GetTimestamp();
        var bytes = (await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(transfer)))).Sum();
        Assert.Equal(Connections * KibPerConnection * 1_024L, bytes);
        return bytes / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<long> TransferAsync(IPEndPoint to, bool throughProxy)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to);
        var buffer = new byte[65_536];
        if (throughProxy)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {Name}:443 HTTP/1.1\r\n\r\n"));
            Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer)), StringComparison.Ordinal);
        }

        await socket.SendAsync(Hello());
        var bytes = 0L;
        while (await socket.ReceiveAsync(buffer) is > 0 and var received) bytes += received;
        return bytes;
    }

    /// <summary>A ClientHello with a server name alone, and then the number of KiB that are wanted.</summary>
    private static byte[] Hello()
    {
        byte[] name = [0, .. Sized(Encoding.ASCII.GetBytes(Name))];
        byte[] extension = [0, 0, .. Sized(Sized(name))];
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, .. Sized(extension)];
        return [22, 3, 1, .. Sized([1, 0, .. Sized(body)]), .. Encoding.ASCII.GetBytes(KibPerConnection.ToString("D8", CultureInfo.InvariantCulture))];
    }

    private static byte[] Sized(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

    private static string Figures(List<double> rates) => $"median {rates.Order().ElementAt(rates.Count / 2):0}, best {rates.Max():0}, worst {rates.Min():0}";
}
