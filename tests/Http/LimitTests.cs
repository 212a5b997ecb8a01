using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Podflare.Limits;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare;

/// <summary>What callers with limits are told and refused; callers without limits notice nothing.</summary>
public sealed class LimitTests : IAsyncLifetime
{
    private static readonly TenantId Acme = new("acme");

    private Cluster _cluster = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _cluster = await Cluster.StartAsync([], ("Podflare:Http:SlowBodySeconds", "1"), ("Podflare:Http:MinLargeBodyBytesPerSecond", "1000000"), ("Podflare:Http:MaxLargeBodies", "2"), ("Podflare:Http:MaxWaitingBodies", "1"));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_caller_without_limits_gets_no_headers_of_limits()
    {
        using var response = await _cluster.Client.GetAsync("/v1/sandboxes", Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("RateLimit-Policy") || response.Headers.Contains("RateLimit"));
    }

    [Fact]
    public async Task A_caller_with_limits_is_told_what_is_left_also_with_an_error()
    {
        _cluster.World.Limits[Acme] = Limits(options => (options.RequestsPerSecond, options.RequestBurst) = (0.5, 5));
        using var client = _cluster.ClientOf(Cluster.AcmeKey);

        using var first = await client.GetAsync("/v1/sandboxes", Cancel);
        using var second = await client.GetAsync("/v1/sandboxes/sbx_00000001000000000000000000000000", Cancel);
        using var anonymous = await client.GetAsync("/v1/healthz", Cancel);

        Assert.Equal(("\"requests\";q=5;w=10", "\"requests\";r=4"), (first.Header("RateLimit-Policy"), first.Header("RateLimit")));
        Assert.Equal((HttpStatusCode.NotFound, "\"requests\";q=5;w=10", "\"requests\";r=3"), (second.StatusCode, second.Header("RateLimit-Policy"), second.Header("RateLimit")));
        Assert.False(anonymous.Headers.Contains("RateLimit"));
    }

    [Fact]
    public async Task A_request_beyond_the_rate_is_refused_and_another_tenant_does_not_notice()
    {
        _cluster.World.Limits[Acme] = Limits(options => (options.RequestsPerSecond, options.RequestBurst) = (0.1, 2));
        using var client = _cluster.ClientOf(Cluster.AcmeKey);
        for (var i = 0; i < 2; i++) (await client.GetAsync("/v1/sandboxes", Cancel)).Dispose();

        using var refused = await client.GetAsync("/v1/sandboxes", Cancel);
        using var other = await _cluster.Client.GetAsync("/v1/sandboxes", Cancel);

        var problem = await refused.AssertProblemAsync(429, "rate_limited");
        Assert.Equal("https://iana.org/assignments/http-problem-types#quota-exceeded", problem.GetProperty("type").GetString());
        Assert.Equal("requests", Assert.Single(problem.GetProperty("violated-policies").EnumerateArray()).GetString());
        Assert.StartsWith("\"requests\";r=0;t=", refused.Header("RateLimit"), StringComparison.Ordinal);
        var seconds = int.Parse(refused.Header("RateLimit")!.Split("t=")[1], CultureInfo.InvariantCulture);
        Assert.InRange(seconds, 5, 10);
        Assert.True(int.Parse(refused.Header("Retry-After")!, CultureInfo.InvariantCulture) >= seconds);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Creates_have_a_rate_of_their_own()
    {
        _cluster.World.Limits[Acme] = Limits(options => (options.CreatesPerSecond, options.CreateBurst) = (0.1, 1));
        using var client = _cluster.ClientOf(Cluster.AcmeKey);
        using var wrong = new StringContent("{\"ram_mib\":\"x\"}", Encoding.UTF8, "application/json");
        (await client.PostAsync("/v1/sandboxes", wrong, Cancel)).Dispose();

        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        using var refused = await client.PostAsync("/v1/sandboxes", body, Cancel);
        using var list = await client.GetAsync("/v1/sandboxes", Cancel);

        var problem = await refused.AssertProblemAsync(429, "rate_limited");
        Assert.Equal("creates", Assert.Single(problem.GetProperty("violated-policies").EnumerateArray()).GetString());
        Assert.Equal("\"requests\";q=200;w=2, \"creates\";q=1;w=10, \"sandboxes\";q=20;qu=\"concurrent-requests\"", refused.Header("RateLimit-Policy"));
        Assert.Matches("^\"requests\";r=19\\d, \"creates\";r=0;t=\\d+$", refused.Header("RateLimit"));
        Assert.Equal((HttpStatusCode.OK, "\"requests\";q=200;w=2"), (list.StatusCode, list.Header("RateLimit-Policy")));
    }

    [Fact]
    public async Task A_file_beyond_the_tenants_limit_is_refused_before_it_is_read()
    {
        _cluster.World.Limits[Acme] = Limits(options => options.FileBytes = 10);
        using var client = _cluster.ClientOf(Cluster.AcmeKey);
        var sandbox = _cluster.World.Add(Acme);
        using var small = new ByteArrayContent(new byte[10]);
        using var large = new ByteArrayContent(new byte[11]);

        using var written = await client.PutAsync($"/v1/sandboxes/{sandbox}/files/root/a", small, Cancel);
        using var refused = await client.PutAsync($"/v1/sandboxes/{sandbox}/files/root/a", large, Cancel);

        Assert.Equal(HttpStatusCode.NoContent, written.StatusCode);
        await refused.AssertProblemAsync(413, "file_too_large");
    }

    [Fact]
    public async Task A_lifetime_beyond_the_tenants_limit_is_reduced_with_a_warning()
    {
        _cluster.World.Limits[Acme] = Limits(options => (options.LifetimeSeconds, options.IdleSeconds) = (100, 50));
        using var client = _cluster.ClientOf(Cluster.AcmeKey);
        var sandbox = _cluster.World.Add(Acme);
        using var body = new StringContent("{\"timeout_seconds\":200,\"idle_timeout_seconds\":60}", Encoding.UTF8, "application/json");

        using var response = await client.PatchAsync($"/v1/sandboxes/{sandbox}", body, Cancel);

        var json = await response.ReadJsonAsync();
        Assert.Equal(
            ["timeout_seconds was reduced to the maximum of 100", "idle_timeout_seconds was reduced to the maximum of 50"],
            json.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()));
        Assert.Equal(TimeSpan.FromSeconds(50), _cluster.World.Sandboxes[sandbox.Value].Info.IdleLimit);
    }

    [Fact]
    public async Task A_large_body_for_a_sandbox_that_does_not_exist_is_refused_before_it_is_read_and_holds_no_place()
    {
        using var strangers = new Slow(_cluster, Cluster.AcmeKey, _cluster.World.Add(), "a stranger's");
        using var missing = new Slow(_cluster, Cluster.AcmeKey, SandboxId.New(Cluster.Host), "a missing");

        Assert.Equal(404, await strangers.StatusAsync());
        Assert.Equal(404, await missing.StatusAsync());
        using var large = new StringContent($"{{\"code\":\"{new string('#', 2 * 1024 * 1024)}\"}}", Encoding.UTF8, "application/json");
        using var response = await _cluster.Client.PostAsync($"/v1/sandboxes/{_cluster.World.Add()}/exec", large, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_large_body_that_arrives_too_slowly_gets_408_and_makes_room()
    {
        var began = Stopwatch.GetTimestamp();
        using var first = new Slow(_cluster, Cluster.Key, _cluster.World.Add(), "first");
        using var second = new Slow(_cluster, Cluster.Key, _cluster.World.Add(), "second");

        Assert.Equal((408, 408), (await first.StatusAsync(), await second.StatusAsync()));
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0.9, 15);
        using var large = new StringContent($"{{\"code\":\"{new string('#', 2 * 1024 * 1024)}\"}}", Encoding.UTF8, "application/json");
        using var response = await _cluster.Client.PostAsync($"/v1/sandboxes/{_cluster.World.Add()}/exec", large, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_file_that_arrives_too_slowly_gets_408()
    {
        using var slow = new Slow(_cluster, Cluster.Key, _cluster.World.Add(), "file", "PUT", "files/root/a");

        Assert.Equal(408, await slow.StatusAsync());
    }

    private static EffectiveLimits Limits(Action<LimitOptions> change)
    {
        var options = new LimitOptions();
        change(options);
        return options.Apply(TenantLimits.None);
    }

    /// <summary>A client that sends the first part of a large body, and then nothing.</summary>
    private sealed class Slow : IDisposable
    {
        private readonly TcpClient _socket = new();
        private readonly Task _sent;

        public Slow(Cluster cluster, string key, SandboxId sandbox, string name, string method = "POST", string path = "exec") =>
            _sent = SendAsync(cluster, $"{method} /v1/sandboxes/{sandbox}/{path}?n={Uri.EscapeDataString(name)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n");

        public async Task<int> StatusAsync()
        {
            await _sent;
            var buffer = new byte[1_024];
            var read = await _socket.GetStream().ReadAsync(buffer, Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(15), TimeProvider.System, Cancel);
            return int.Parse(Encoding.ASCII.GetString(buffer, 0, read).Split(' ')[1], CultureInfo.InvariantCulture);
        }

        public void Dispose() => _socket.Dispose();

        private async Task SendAsync(Cluster cluster, string head)
        {
            await _socket.ConnectAsync(cluster.Address.Host, cluster.Address.Port, Cancel);
            await _socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Cancel);
            await _socket.GetStream().WriteAsync(new byte[1024 * 1024 + 100_000], Cancel);
        }
    }
}
