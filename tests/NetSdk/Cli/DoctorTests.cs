using System.Net;
using System.Text;
using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

public sealed class DoctorTests(Service service)
{
    [Fact]
    public async Task All_checks_pass_on_a_healthy_server()
    {
        var text = await Tool.RunAsync(service.Address, ["doctor"]);
        Assert.Equal((0, ""), (text.Status, text.Err));
        Assert.Contains("All checks passed.", text.Out, StringComparison.Ordinal);
        Assert.Contains("memory: hosts promise 4 times their memory", text.Out, StringComparison.Ordinal);

        var json = await Tool.RunAsync(service.Address, ["doctor", "--json"]);
        var report = JsonDocument.Parse(json.Out).RootElement;
        Assert.True(report.GetProperty("ok").GetBoolean());
        Assert.Equal(["server", "ready", "key", "clock", "docker", "image", "runtime", "isolation", "memory", "run", "egress"], report.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()!));
        Assert.All(report.GetProperty("checks").EnumerateArray(), check => Assert.Equal("ok", check.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task An_absent_server_is_reported_with_what_to_do()
    {
        var text = await Tool.RunAsync(new Uri($"http://127.0.0.1:{Ports.Free()}"), ["doctor"]);
        Assert.Equal(1, text.Status);
        Assert.Contains("FAIL server", text.Out, StringComparison.Ordinal);
        Assert.Contains("./run.sh", text.Out, StringComparison.Ordinal);
        Assert.Contains("image: podflare/default:local exists", text.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_key_and_a_wrong_key_are_distinguished()
    {
        using var server = new KeyedServer();
        var missing = await Tool.RunAsync(server.Address, ["doctor"]);
        Assert.Equal(1, missing.Status);
        Assert.Contains("The server requires a key. Set PODFLARE_API_KEY", missing.Out, StringComparison.Ordinal);
        var wrong = await Tool.RunAsync(server.Address, ["doctor"], environment: new() { ["PODFLARE_API_KEY"] = "wrong" });
        Assert.Contains("The server does not accept this key", wrong.Out, StringComparison.Ordinal);
        Assert.Contains("run: skipped", wrong.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_a_warning()
    {
        using var server = new KeyedServer(ahead: TimeSpan.FromHours(1));
        var text = await Tool.RunAsync(server.Address, ["doctor"]);
        Assert.Matches("warn clock: the server's clock is (3599|3600) s ahead of this machine's", text.Out);
        Assert.Contains("Use NTP on both machines.", text.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_service_and_a_missing_engine_are_noticed()
    {
        using var server = new KeyedServer(health: "<html>");
        var report = await Tool.RunAsync(server.Address, ["doctor", "--json"], environment: new() { ["Podflare__Engine__Endpoint"] = "unix:///no/such.sock" });
        Assert.Equal(1, report.Status);
        var checks = JsonDocument.Parse(report.Out).RootElement.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!);
        Assert.Contains("Another service", checks["server"].GetProperty("advice").GetString(), StringComparison.Ordinal);
        Assert.Contains("/no/such.sock", checks["docker"].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.False(checks.ContainsKey("image"));
    }

    /// <summary>A server that is healthy and knows no key.</summary>
    private sealed class KeyedServer : IDisposable
    {
        private readonly HttpListener _listener = new();

        public KeyedServer(string health = "ok", TimeSpan ahead = default)
        {
            var port = Ports.Free();
            Address = new Uri($"http://127.0.0.1:{port}");
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            _listener.Start();
            _ = AnswerAsync(health, ahead);
        }

        public Uri Address { get; }

        public void Dispose() => _listener.Close();

        private async Task AnswerAsync(string health, TimeSpan ahead)
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                var open = context.Request.Url!.AbsolutePath is "/v1/healthz" or "/readyz";
                var body = open ? health : """{"error":"no","code":"invalid_api_key","status":401}""";
                context.Response.Headers["Date"] = TimeProvider.System.GetUtcNow().Add(ahead).ToString("R");
                context.Response.StatusCode = open ? 200 : 401;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
                context.Response.Close();
            }
        }
    }
}
